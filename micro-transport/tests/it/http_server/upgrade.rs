//! The lane that is asked for by a request of HTTP/1.1, byte by byte.

use std::time::Duration;

use super::app::App;
use super::raw::{Raw, ask};
use super::{LONG, Server, options};

/// A client's preface and its HELLO: no fields, so the defaults, but that it takes no calls.
const HELLO: &[u8] =
    b"\x89LANE\r\n\x01\x00\x00\x0a\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00";
const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\n";

/// A request that offers the lane.
fn offer(endpoint: &str, more: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\nMicro-Lane: a\r\nMicro-Endpoint: \
         {endpoint}\r\n{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn json(endpoint: &str, body: &str) -> String {
    offer(endpoint, "Content-Type: application/json\r\n", body)
}

/// Reads so many bytes.
async fn bytes(raw: &mut Raw, count: usize) -> Vec<u8> {
    use tokio::io::AsyncReadExt;
    let mut bytes = vec![0; count];
    tokio::time::timeout(LONG, raw.socket.read_exact(&mut bytes)).await.expect("it hangs").unwrap();
    bytes
}

/// Reads the head that accepts, and nothing behind it.
async fn accepted(raw: &mut Raw) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(bytes(raw, 1).await);
    }
    assert!(head.starts_with(ACCEPTED), "{}", head.escape_ascii());
    let text = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(!text.contains("content-length") && !text.contains("transfer-encoding"), "{text}");
}

/// The next frame: its kind, its id, and what is in it.
async fn frame(raw: &mut Raw) -> (u8, u32, Vec<u8>) {
    let head = bytes(raw, 8).await;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    (head[3], u32::from_be_bytes([head[4], head[5], head[6], head[7]]), bytes(raw, length).await)
}

#[tokio::test]
async fn the_request_is_call_1() {
    let server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("Greeter.Hello", r#"{"name":"Ann"}"#)).await;
    accepted(&mut raw).await;
    raw.send(HELLO).await;
    assert_eq!(bytes(&mut raw, 8).await, b"\x89LANE\r\n\x01");
    assert_eq!(frame(&mut raw).await.0, 1, "HELLO");
    // REPLY to call 1, with BODY.
    let (kind, id, payload) = frame(&mut raw).await;
    assert_eq!((kind, id), (3, 1));
    assert_eq!(payload, b"\x10{\"msg\":\"Hello Ann\"}");
    // The number is free, and the same route is called by its name.
    let mut call =
        b"\x00\x00\x00\x02\x00\x00\x00\x01\x18\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".to_vec();
    call.extend(b"\x00\x07greeter\x00\x0dGreeter.Hello{\"name\":\"Bob\"}");
    call[2] = u8::try_from(call.len() - 8).unwrap();
    raw.send(call).await;
    assert_eq!(frame(&mut raw).await, (3, 1, b"\x10{\"msg\":\"Hello Bob\"}".to_vec()));
}

#[tokio::test]
async fn its_error_is_an_end() {
    let server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("Greeter.Fail", "{}")).await;
    accepted(&mut raw).await;
    raw.send(HELLO).await;
    bytes(&mut raw, 8).await;
    frame(&mut raw).await;
    let (kind, id, payload) = frame(&mut raw).await;
    assert_eq!((kind, id, payload[0]), (5, 1, 1));
    assert!(payload.escape_ascii().to_string().contains("no name"));
}

/// What cannot be called is said in HTTP, and the connection goes on there.
#[tokio::test]
async fn errors_before_it_are_ordinary_answers() {
    let mut small = options();
    small.max_message = 100;
    let server = Server::with(small, &App::new()).await;
    let mut raw = Raw::to(server.address).await;
    for (request, code) in [
        (offer("Greeter.Hello", "Content-Type: text/x\r\n", "{}"), 415),
        (offer("Greeter.Hello", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", "{}"), 415),
        (offer("Greeter.Hello", "Content-Type: application/json\r\nTimeout: x\r\n", "{}"), 400),
        (json("Greeter.Hello", &"x".repeat(101)), 413),
    ] {
        raw.send(&request).await;
        let said = raw.answer().await;
        assert_eq!((said.status(), said.error().http()), (200, code), "{request}: {}", said.head);
        assert!(said.header("Upgrade").is_none() && said.header("Connection") != Some("Upgrade"));
    }
    raw.send(json("Greeter.Hello", r#"{"name":"Ann"}"#)).await;
    accepted(&mut raw).await;
}

#[tokio::test]
async fn what_is_no_offer_is_answered_in_http() {
    let server = Server::start().await;
    let offered = json("Greeter.Hello", r#"{"name":"Ann"}"#);
    let by_path =
        offered.replace("POST /", "POST /Greeter/Hello").replace("Micro-Endpoint: Greeter.Hello\r\n", "");
    let other = offered.replace("Micro-Lane: a", "Micro-Lane: b");
    let bare = offered.replace("Micro-Lane: a\r\n", "");
    let old = offered.replace("HTTP/1.1", "HTTP/1.0");
    let socket = offered.replace("Upgrade: micro-lane", "Upgrade: websocket");
    let said = [by_path, other, bare, old, socket];
    for request in said {
        let said = ask(server.address, &request).await;
        assert_eq!((said.status(), said.body()), (200, r#"{"msg":"Hello Ann"}"#), "{request}");
    }
    let mut plain = options();
    plain.protocols.lane = false;
    let server = Server::with(plain, &App::new()).await;
    assert_eq!(ask(server.address, &offered).await.status(), 200);
}

/// A peer that accepts the acceptance with silence, or with something else: its call never runs, and holds no place.
#[tokio::test]
async fn a_call_whose_lane_does_not_begin_does_not_run() {
    let mut limited = options();
    (limited.header_timeout, limited.max_calls) = (Duration::from_millis(300), 1);
    let app = App::new();
    let server = Server::with(limited, &app).await;
    for silent in [true, false] {
        let mut raw = Raw::to(server.address).await;
        raw.send(json("Test.Wait", "{}")).await;
        accepted(&mut raw).await;
        let full = ask(server.address, super::raw::json("/Greeter/Hello", "{}")).await;
        assert_eq!(full.error().reason(), "TOO_MANY_CALLS", "it has the only place");
        if !silent {
            raw.send("POST / HTTP/1.1\r\n\r\n").await;
        }
        let rest = raw.rest().await;
        assert!(rest.starts_with(b"\x89LANE\r\n\x01") && rest[11] == 0x0a, "{}", rest.escape_ascii());
        assert_eq!(app.running(), 0);
        let reached = async {
            while ask(server.address, super::raw::json("/Greeter/Hello", "{}")).await.status() != 200 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, reached).await.expect("the place is not given back");
    }
}

/// What began before the stop is answered, and nothing turns to the lane any more.
#[tokio::test]
async fn a_server_that_stops_begins_no_lane() {
    let mut server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    let request = json("Greeter.Hello", r#"{"name":"Ann"}"#);
    let (begun, rest) = request.split_at(request.len() - 3);
    raw.send(begun).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.stop.fire();
    raw.send(rest).await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.header("Connection")), (200, Some("close")));
    assert_eq!(said.body(), r#"{"msg":"Hello Ann"}"#);
    server.ended().await;
}
