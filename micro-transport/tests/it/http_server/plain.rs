//! People with curl.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use micro_core::{Code, Error, Result};
use micro_transport::Health;
use serde_json::Value;

use super::app::App;
use super::raw::{Raw, ask, json, post};
use super::{Server, options};

#[tokio::test]
async fn a_call_by_path() {
    let server = Server::start().await;
    for path in ["/Helloworld/Call", "/Helloworld.Call", "/greeter/Helloworld/Call"] {
        let said = ask(server.address, json(path, r#"{"name":"Jane"}"#)).await;
        assert_eq!(
            said.head, "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 20\n\n",
            "{path}"
        );
        assert_eq!(said.body(), r#"{"msg":"Hello Jane"}"#);
    }
    // Without a content type it is what people mean.
    let said = ask(server.address, post("/Helloworld/Call", "", r#"{"name":"Jane"}"#)).await;
    assert_eq!((said.status(), said.header("content-type")), (200, Some("application/json")));
}

#[tokio::test]
async fn in_kind() {
    let server = Server::start().await;
    for content_type in ["application/protobuf", "application/msgpack", "application/octet-stream"] {
        let request = post("/Test/Echo", &format!("Content-Type: {content_type}\r\n"), "\u{1}\u{2}");
        let said = ask(server.address, request).await;
        assert_eq!((said.status(), said.body()), (200, "\u{1}\u{2}"), "{content_type}");
        assert!(said.header("content-type").is_some_and(|said| !said.contains("json")), "{}", said.head);
    }
}

#[tokio::test]
async fn errors_have_the_status_that_fits() {
    let server = Server::start().await;
    for (request, status, needle) in [
        (json("/Greeter/Nope", "{}"), 404, "Greeter.Hello"),
        (json("/Greeter/Hello", r#"{"name":"#), 400, "no JSON"),
        (json("/Greeter/Hello", &"x".repeat(5 * 1024 * 1024)), 413, "max_message"),
        (json("/", "{}"), 404, "POST /Handler/Method"),
        (json("/a", "{}"), 404, "POST /Handler/Method"),
        (json("/Test/Flood", "{}"), 501, "Accept: application/connect+json"),
        (
            post("/Greeter/Hello", "Content-Type: application/json\r\nTimeout: x\r\n", "{}"),
            400,
            "nanoseconds",
        ),
        (
            post("/Test/Wait", "Content-Type: application/json\r\nTimeout: 1000000\r\n", ""),
            504,
            "no time left",
        ),
        (
            post("/Test/Echo", "Content-Type: application/connect+json\r\n", ""),
            501,
            "--http2-prior-knowledge",
        ),
        (post("/Test/Echo", "Content-Type: text/html\r\n", ""), 415, "application/json"),
    ] {
        let said = ask(server.address, &request).await;
        let error = said.error();
        assert_eq!(said.status(), status, "{error}");
        assert_eq!(said.header("content-type"), Some("application/json"));
        assert!(error.detail().contains(needle), "{error}");
        assert_eq!(error.id(), "greeter");
        let value: Value = serde_json::from_str(said.body()).unwrap();
        assert!(value["code"].is_number() && value["detail"].is_string(), "{value}");
    }
}

#[tokio::test]
async fn a_request_of_http11_names_its_host() {
    let server = Server::start().await;
    let request = |version: &str| format!("POST /Test/Echo {version}\r\nContent-Length: 2\r\n\r\n{{}}");
    let said = ask(server.address, request("HTTP/1.1")).await;
    assert_eq!(said.status(), 400);
    assert!(said.error().detail().contains("`Host` is missing"), "{}", said.body());
    assert_eq!(ask(server.address, request("HTTP/1.0")).await.status(), 200);
}

#[tokio::test]
async fn no_encoding_is_read() {
    let server = Server::start().await;
    for (encoding, shown) in [("gzip", "`gzip`"), ("identity, BR", "`BR`"), ("\u{ff}", "`")] {
        let request = post("/Test/Echo", &format!("Content-Encoding: {encoding}\r\n"), "{}");
        let said = ask(server.address, request).await;
        let error = said.error();
        assert_eq!((said.status(), error.reached()), (415, false), "{encoding}");
        assert!(error.detail().contains(shown) && error.detail().contains("read here: none"), "{error}");
    }
    for encoding in ["identity", "Identity", ""] {
        let request = post("/Test/Echo", &format!("Content-Encoding: {encoding}\r\n"), "{}");
        assert_eq!(ask(server.address, request).await.status(), 200, "{encoding}");
    }
}

#[tokio::test]
async fn what_curl_sends_by_itself() {
    let server = Server::start().await;
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let said = ask(server.address, post("/Greeter/Hello", headers, "{}")).await;
    assert_eq!(said.status(), 415);
    let error = said.error();
    assert!(error.detail().contains("-H 'Content-Type: application/json'"), "{error}");
}

#[tokio::test]
async fn other_methods() {
    let server = Server::start().await;
    for method in ["GET", "PUT", "OPTIONS", "PATCH"] {
        let said = ask(server.address, format!("{method} /Greeter/Hello HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        assert_eq!((said.status(), said.header("allow")), (405, Some("POST")), "{method}");
    }
    let said = ask(server.address, "DELETE /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((said.status(), said.header("allow")), (405, Some("GET, HEAD")));
}

#[tokio::test]
async fn what_the_handler_learns() {
    let server = Server::start().await;
    let headers = "Content-Type: application/json\r\nMicro-Service: other\r\nTimeout: 30000000000\r\n\
                   User-Agent: me\r\nAuthorization: Bearer x\r\nTenant: a\r\nX-Hop: 1\r\nConnection: x-hop\r\n";
    let said = ask(server.address, post("/Test/Head", headers, "{}")).await;
    let value: Value = serde_json::from_str(said.body()).unwrap();
    assert_eq!(value["service"], "other");
    assert_eq!(value["format"], "json");
    assert!((25..=30).contains(&value["deadline"].as_u64().unwrap()), "{value}");
    assert_eq!(value["protocol"], "http/1.1");
    assert!(value["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{value}");
    assert_eq!(value["local"], server.address.to_string());
    assert_eq!(value["metadata"], serde_json::json!(["user-agent", "authorization", "tenant"]));
}

#[tokio::test]
async fn metadata_of_the_answer() {
    let server = Server::start().await;
    let said = ask(server.address, json("/Test/Metadata", "{}")).await;
    assert!(said.head.contains("Tag: a\nTag: b\n"), "{}", said.head);
    assert_eq!((said.header("sig-bin"), said.header("content-length")), (Some("AP8"), Some("2")));
}

#[tokio::test]
async fn trailers_of_the_answer_to_those_who_take_them() {
    let server = Server::start().await;
    let mut raw = super::raw::Raw::to(server.address).await;
    raw.send(post("/Test/Metadata", "TE: trailers\r\nConnection: TE, close\r\n", "{}")).await;
    let said = String::from_utf8(raw.rest().await).unwrap();
    assert!(said.contains("\r\nTrailer: cost\r\n"), "{said}");
    assert!(said.ends_with("\r\n0\r\nCost: 7\r\n\r\n"), "{said}");
}

#[tokio::test]
async fn a_streamed_answer_to_those_who_take_it() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let headers =
        "Content-Type: application/json\r\nAccept: application/connect+json\r\nConnection: close\r\n";
    let mut raw = super::raw::Raw::to(server.address).await;
    raw.send(post("/Test/Three", headers, "{}")).await;
    let said = String::from_utf8(raw.rest().await).unwrap();
    assert!(said.contains("\r\nContent-Type: application/connect+json\r\n"), "{said}");
    let message = |n| format!("6\r\n\0\0\0\0\u{1}{n}\r\n");
    let end = "\u{2}\0\0\0\u{1b}{\"metadata\":{\"cost\":[\"7\"]}}";
    let body = format!("{}{}{}20\r\n{end}\r\n0\r\n\r\n", message(1), message(2), message(3));
    assert!(said.ends_with(&body), "{}", said.escape_debug());

    // Whoever hangs up cancels it.
    let mut raw = super::raw::Raw::to(server.address).await;
    raw.send(post("/Test/Flood", headers, "{}")).await;
    app.until_running(1).await;
    drop(raw);
    app.until_running(0).await;
}

#[derive(Debug, Default)]
struct Switch(AtomicBool);

impl Health for Switch {
    fn ready(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) { Ok(()) } else { Err(Error::new(Code::Unavailable, "warming up")) }
    }
}

#[tokio::test]
async fn health() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let switch = Arc::new(Switch::default());
    let mut options = options();
    options.health = Some(switch.clone());
    options.max_calls = 1;
    let app = App::new();
    let server = Server::with(options, &app).await;
    // Whoever looks is answered, however much there is to do.
    let mut busy = Raw::to(server.address).await;
    busy.send(json("/Test/Wait", "{}")).await;
    app.until_running(1).await;
    let said = ask(server.address, get("/healthz")).await;
    assert_eq!((said.status(), said.body()), (200, "ok\n"));
    let said = ask(server.address, get("/readyz")).await;
    assert_eq!((said.status(), said.body()), (503, "not ready: warming up\n"));
    assert_eq!(said.header("content-type"), Some("text/plain; charset=utf-8"));
    switch.0.store(true, Ordering::SeqCst);
    let said = ask(server.address, get("/readyz")).await;
    assert_eq!((said.status(), said.body()), (200, "ok\n"));
}
