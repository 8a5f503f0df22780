//! What go-micro v5 answers, as it was recorded.

use std::path::Path;

use micro_core::{Body, Code, Head, Request, Response, Result, Route};
use micro_transport::DialOptions;

use super::http_client::{answering, dial, head, request, soon, text};

async fn answer(name: &str, request: Request) -> Result<Response> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../interop/testdata/v5-{name}.response.txt"));
    let server = answering(std::fs::read(&path).unwrap()).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    soon(connection.dispatch(request)).await
}

#[tokio::test]
async fn answers() {
    for name in ["unary", "connection-close"] {
        let response = answer(name, request("{}")).await.unwrap();
        assert_eq!(text(&response), "{\"msg\":\"Hello John\"}\n");
        assert!(
            response.metadata().is_empty(),
            "what it sends back is the request's: {:?}",
            response.metadata()
        );
    }
    let response = answer("metadata", request("{}")).await.unwrap();
    assert_eq!(text(&response), "{\"value\":\"blue\"}\n");
    assert!(!response.metadata().contains("x-tenant"), "it may be another caller's");
}

#[tokio::test]
async fn protobuf() {
    let head = || Head::new(Route::new("greeter", "Greeter.Proto"), micro_codec::PROTOBUF);
    let response = answer("protobuf", Request::new(head(), Body::One("\n\u{4}John".into()))).await.unwrap();
    assert_eq!(text(&response), "\n\u{a}Hello John");
    let response = answer("empty-body", Request::new(head(), Body::Empty)).await.unwrap();
    assert_eq!(text(&response), "");
}

#[tokio::test]
async fn errors() {
    for (name, code, reached, detail) in [
        ("error", Code::InvalidArgument, true, "no name"),
        ("unknown-handler", Code::Unimplemented, false, "rpc: can't find service Missing"),
        ("unknown-method", Code::Unimplemented, false, "rpc: can't find method Missing"),
        (
            "ill-formed-endpoint",
            Code::InvalidArgument,
            false,
            "rpc: service/endpoint request ill-formed: Hello",
        ),
    ] {
        let error = answer(name, Request::new(head(), Body::Empty)).await.unwrap_err();
        assert_eq!((error.code(), error.reached(), error.detail()), (code, reached, detail), "{name}");
    }
}
