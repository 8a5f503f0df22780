//! Clients of go-micro: what they really send, and what they can read.

use micro_core::Code;

use super::Server;
use super::raw::{Raw, Said, ask, post};

/// Sends the recorded bytes of a client, and reads so many answers.
async fn replay<const N: usize>(name: &str) -> [Said; N] {
    let path = format!("{}/../interop/testdata/v5-{name}.request.txt", env!("CARGO_MANIFEST_DIR"));
    let request = std::fs::read(path).unwrap();
    let server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    raw.send(request).await;
    let mut answers = Vec::new();
    for _ in 0..N {
        answers.push(raw.answer().await);
    }
    answers.try_into().unwrap()
}

/// The head of an answer, whose length comes last.
fn head(content_type: &str, id: u8, length: usize) -> String {
    format!("HTTP/1.1 200 OK\nContent-Type: {content_type}\nMicro-Id: {id}\nContent-Length: {length}\n\n")
}

#[tokio::test]
async fn a_call() {
    let [said] = replay("unary").await;
    assert_eq!(said.head, head("application/json", 0, 20));
    assert_eq!(said.body(), r#"{"msg":"Hello John"}"#);
}

#[tokio::test]
async fn two_calls_on_a_connection() {
    let [first, second] = replay("two-calls").await;
    assert_eq!((first.head, second.head), (head("application/json", 0, 20), head("application/json", 1, 20)));
    assert_eq!(second.body, br#"{"msg":"Hello Jane"}"#);
}

#[tokio::test]
async fn a_call_in_protobuf() {
    let [said] = replay("protobuf").await;
    assert_eq!(said.head, head("application/protobuf", 0, 12));
    assert_eq!(said.body, b"\x0a\x0aHello John");
}

#[tokio::test]
async fn a_call_without_bytes_is_chunked() {
    let [said] = replay("empty-body").await;
    assert_eq!(said.head, head("application/protobuf", 0, 0));
}

#[tokio::test]
async fn a_connection_that_is_to_close() {
    let [said] = replay("connection-close").await;
    assert_eq!((said.header("connection"), said.body()), (Some("close"), r#"{"msg":"Hello John"}"#));
}

#[tokio::test]
async fn metadata() {
    let [said] = replay("metadata").await;
    assert_eq!(said.body(), r#"{"value":"blue"}"#);
    assert_eq!(said.header("x-tenant"), None, "a request's header was sent back");
}

#[tokio::test]
async fn an_error() {
    let [said] = replay("error").await;
    let json = r#"{"id":"greeter","code":400,"detail":"no name","status":"Bad Request"}"#;
    assert_eq!(
        said.head,
        format!(
            "HTTP/1.1 200 OK\nContent-Type: application/json\nX-Micro-Error: {json}\nMicro-Error: {json}\n\
             Micro-Id: 0\nContent-Length: 0\n\n"
        )
    );
}

#[tokio::test]
async fn unknown_endpoints_are_told_which_there_are() {
    for name in ["unknown-handler", "unknown-method", "ill-formed-endpoint"] {
        let [said] = replay(name).await;
        let error = said.error();
        assert_eq!((said.status(), error.go_micro(), error.reached()), (200, 404, false), "{name}");
        assert!(error.detail().contains("Greeter.Hello"), "{error}");
    }
}

#[tokio::test]
async fn whatever_the_case_and_the_path() {
    let server = Server::start().await;
    for headers in [
        "micro-endpoint: Greeter.Hello\r\ncontent-type: application/json\r\n",
        "MICRO-METHOD: Greeter.Hello\r\nContent-Type: APPLICATION/JSON; charset=utf-8\r\n",
        "X-Micro-Endpoint: Greeter.Hello\r\nContent-Type: application/json\r\n",
    ] {
        let said = ask(server.address, post("/some/where", headers, r#"{"name":"Jane"}"#)).await;
        assert_eq!(said.body(), r#"{"msg":"Hello Jane"}"#, "{headers}");
    }
}

#[tokio::test]
async fn without_a_content_type_it_is_protobuf() {
    let server = Server::start().await;
    let said = ask(server.address, post("/", "Micro-Endpoint: Test.Head\r\n", "")).await;
    assert!(said.body().contains(r#""format":"protobuf""#), "{}", said.body());
    assert_eq!(said.header("content-type"), Some("application/protobuf"));
}

#[tokio::test]
async fn every_error_has_status_200() {
    let server = Server::start().await;
    let json = "Content-Type: application/json\r\n";
    let large = "x".repeat(5 * 1024 * 1024);
    for (headers, body, code, needle) in [
        ("Micro-Endpoint: Greeter.Hello\r\n", r#"{"name":"#, 400, "no JSON"),
        ("Micro-Endpoint: Greeter.Hello\r\n", &*large, 413, "max_message"),
        ("Micro-Endpoint: Greeter.Hello\r\nMicro-Stream: 1\r\n", "{}", 501, "gRPC"),
        ("Micro-Topic: events\r\n", "{}", 501, "Micro-Topic"),
        ("Micro-Service: greeter\r\n", "{}", 404, "Micro-Endpoint"),
        ("Micro-Endpoint: Greeter.Hello\r\nTimeout: 5s\r\n", "{}", 400, "nanoseconds"),
        ("Micro-Endpoint: Greeter.Hello\r\nA-Bin: ?\r\n", "{}", 400, "base64"),
        ("Micro-Endpoint: Greeter.Hello\r\nTimeout: 0\r\n", "{}", 408, "no time left"),
        ("Micro-Endpoint: Test.Flood\r\n", "{}", 501, "Accept: application/connect+json"),
    ] {
        let said = ask(server.address, post("/", &format!("{json}{headers}"), body)).await;
        let error = said.error();
        assert_eq!((said.status(), error.go_micro()), (200, code), "{headers}: {error}");
        assert!(error.detail().contains(needle), "{error}");
        assert_eq!(said.header("Micro-Error"), said.header("X-Micro-Error"));
        assert_eq!(said.header("content-length"), Some("0"));
        assert_eq!(error.id(), "greeter");
    }
}

#[tokio::test]
async fn other_content_types_are_told_which_there_are() {
    let server = Server::start().await;
    let headers = "Micro-Endpoint: Greeter.Hello\r\nContent-Type: text/xml\r\n";
    let said = ask(server.address, post("/", headers, "<a/>")).await;
    let error = said.error();
    assert_eq!((said.status(), error.go_micro()), (200, 415));
    assert!(error.detail().contains("application/json, application/protobuf"), "{error}");
    assert_eq!(said.header("content-type"), Some("text/xml"));
}

#[tokio::test]
async fn no_encoding_is_read() {
    let server = Server::start().await;
    let headers = "Micro-Endpoint: Test.Echo\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n";
    let said = ask(server.address, post("/", headers, "\u{1f}")).await;
    let error = said.error();
    assert_eq!((said.status(), error.go_micro(), error.reached()), (200, 415, false));
    assert!(error.detail().contains("`gzip` (read here: none)"), "{error}");
}

#[tokio::test]
async fn a_deadline_is_kept() {
    let server = Server::start().await;
    let headers = "Micro-Endpoint: Test.Wait\r\nContent-Type: application/json\r\nTimeout: 30000000\r\n";
    let error = ask(server.address, post("/", headers, "{}")).await.error();
    assert_eq!((error.code(), error.go_micro()), (Code::DeadlineExceeded, 408));
    // Also while the message has not come.
    let mut raw = Raw::to(server.address).await;
    raw.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: 5\r\n\r\n{{")).await;
    let error = raw.answer().await.error();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false));
}
