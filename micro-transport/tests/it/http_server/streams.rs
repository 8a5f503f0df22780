//! Streams over HTTP/2.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use micro_core::{Code, Error};
use serde_json::json;
use tokio::time::timeout;

use super::app::App;
use super::two::{Said, Sent, Two, piecemeal, post, sealed, whole};
use super::{LONG, Server, options};

const STREAM: &str = "application/connect+json";

/// The next piece of a body.
async fn piece(body: &mut Incoming) -> Bytes {
    timeout(LONG, body.frame()).await.expect("nothing came").unwrap().unwrap().into_data().unwrap()
}

fn error(said: &Said) -> Error {
    Error::from_json(&said.stream().1["error"]["micro"].to_string())
}

#[tokio::test]
async fn both_sides_at_the_same_time_and_the_half_close() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut two = Two::to(server.address).await;
    let (sender, body) = piecemeal();
    sender.send(sealed("1")).await.unwrap();
    let answer = two.send(post("/Test/Echo", STREAM, body)).await.unwrap();
    assert_eq!(answer.headers()["content-type"], STREAM);
    assert!(!answer.headers().contains_key("content-length"));
    let mut body = answer.into_body();
    assert_eq!(piece(&mut body).await, sealed("1"));
    for message in ["2", "", "3"] {
        sender.send(sealed(message)).await.unwrap();
        assert_eq!(piece(&mut body).await, sealed(message));
    }
    // Pieces are not messages.
    let bytes = sealed("in pieces");
    sender.send(bytes.slice(..3)).await.unwrap();
    sender.send(bytes.slice(3..7)).await.unwrap();
    sender.send(bytes.slice(7..)).await.unwrap();
    assert_eq!(piece(&mut body).await, bytes);
    assert_eq!(app.running(), 1);
    drop(sender);
    assert_eq!(piece(&mut body).await, [&[2, 0, 0, 0, 2][..], b"{}"].concat());
    assert!(timeout(LONG, body.frame()).await.unwrap().is_none());
    app.until_running(0).await;
}

#[tokio::test]
async fn one_answer_to_many_requests_is_told_to_be_at_hand() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let (sender, body) = piecemeal();
    let sending = tokio::spawn(async move {
        for _ in 0..50 {
            sender.send(sealed("x")).await.unwrap();
        }
        // Trailers of the request, as an end without an error.
        let end = br#"{"metadata":{"a":["b"]}}"#;
        sender.send([&[2, 0, 0, 0, 24][..], end].concat().into()).await.unwrap();
    });
    let said = two.ask(post("/Test/Count", STREAM, body)).await;
    sending.await.unwrap();
    assert_eq!(said.stream(), (vec!["50".to_owned()], json!({})));
    assert_eq!(said.headers["content-length"], said.body.len().to_string());
}

#[tokio::test]
async fn a_request_at_hand_is_one_message() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    // `Greeter.Hello` takes one message, and no stream.
    let said = two.ask(post("/Greeter/Hello", STREAM, whole(sealed(r#"{"name":"Jane"}"#)))).await;
    assert_eq!(said.stream(), (vec![r#"{"msg":"Hello Jane"}"#.to_owned()], json!({})));
    let said = two.ask(post("/Test/Three", STREAM, whole(sealed("{}")))).await;
    let (messages, end) = said.stream();
    assert_eq!((messages.concat(), end), ("123".to_owned(), json!({ "metadata": { "cost": ["7"] } })));
    let said = two.ask(post("/Test/Count", STREAM, whole([sealed("1"), sealed("2")].concat()))).await;
    assert_eq!(said.stream().0, ["2"]);
    let said = two.ask(post("/Test/Echo", STREAM, whole(""))).await;
    assert_eq!(said.stream(), (vec![], json!({})));
    let said = two.ask(post("/Test/Metadata", STREAM, whole(sealed("{}")))).await;
    assert_eq!(said.stream(), (vec!["{}".to_owned()], json!({ "metadata": { "cost": ["7"] } })));
    assert_eq!(said.headers["sig-bin"], "AP8");
}

#[tokio::test]
async fn a_plain_request_is_answered_with_a_stream_if_that_can_be_read() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let request = || {
        let mut request = post("/", "application/json", whole("{}"));
        request.headers_mut().insert("micro-endpoint", "Test.Three".parse().unwrap());
        request
    };
    let said = two.ask(request()).await;
    let error = Error::from_json(said.headers["micro-error"].to_str().unwrap());
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(error.detail().contains("Accept: application/connect+json"), "{error}");

    let mut request = request();
    request.headers_mut().insert("accept", "application/json, application/connect+json".parse().unwrap());
    let said = two.ask(request).await;
    assert_eq!(said.headers["content-type"], STREAM);
    assert_eq!(said.stream().0.concat(), "123");
}

#[tokio::test]
async fn errors_after_the_first_message_come_in_the_end() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let said = two.ask(post("/Test/Three", STREAM, whole(sealed("\"fail\"")))).await;
    assert_eq!(said.stream().0.concat(), "123");
    let error = error(&said);
    assert_eq!((error.code(), error.reason(), error.reached()), (Code::Aborted, "PURPOSE", true));
    assert_eq!(said.stream().1["error"]["code"], "aborted");
}

#[tokio::test]
async fn errors_before_it_come_in_the_end_too() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    for (path, content_type, body, code, needle) in [
        ("/Nope/Nope", STREAM, whole(sealed("{}")), 404, "Greeter.Hello"),
        ("/Greeter/Fail", STREAM, whole(sealed("{}")), 400, "no name"),
        ("/Test/Echo", STREAM, whole("\u{8}\0\0\0\0"), 400, "unknown flags"),
        ("/Test/Echo", STREAM, whole("\u{1}\0\0\0\0"), 501, "compressed"),
        ("/Test/Echo", STREAM, whole("\0\0\0\0\u{5}abc"), 400, "middle of a message"),
        ("/Test/Echo", STREAM, whole("\0\x7f\0\0\0"), 413, "max_message"),
        ("/Test/Echo", STREAM, whole(vec![0; 5 * 1024 * 1024]), 413, "max_message"),
        ("/Test/Echo", "application/connect+proto", whole("\0\x7f\0\0\0"), 413, "max_message"),
    ] {
        let said = two.ask(post(path, content_type, body)).await;
        let error = error(&said);
        assert_eq!((said.status.as_u16(), error.go_micro()), (200, code), "{path} {error}");
        assert!(error.detail().contains(needle), "{error}");
        assert_eq!(error.id(), "greeter");
    }
    // What cannot be told in envelopes of a known format is told in the way of the path.
    let said = two.ask(post("/Test/Echo", "application/connect+bson", whole(""))).await;
    assert_eq!(said.status.as_u16(), 415);
}

#[tokio::test]
async fn messages_above_the_limit() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let (sender, body) = piecemeal();
    let sending = tokio::spawn(async move {
        let _ = sender.send(sealed("1")).await;
        let _ = sender.send(Bytes::from_static(&[0, 0x7f, 0, 0, 0])).await;
        sender.closed().await;
    });
    let said = two.ask(post("/Test/Echo", STREAM, body)).await;
    assert_eq!(said.stream().0, ["1"]);
    assert_eq!(error(&said).go_micro(), 413);
    timeout(LONG, sending).await.expect("the sender was not told").unwrap();
}

#[tokio::test]
async fn a_deadline_ends_a_stream() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut two = Two::to(server.address).await;
    let (sender, body) = piecemeal();
    sender.send(sealed("1")).await.unwrap();
    let mut request: http::Request<Sent> = post("/Test/Echo", STREAM, body);
    request.headers_mut().insert("timeout", "300000000".parse().unwrap());
    let said = two.ask(request).await;
    assert_eq!((said.stream().0.concat(), error(&said).code()), ("1".to_owned(), Code::DeadlineExceeded));
    app.until_running(0).await;
    drop(sender);
}

#[tokio::test]
async fn a_reader_that_stops_stops_its_writer_and_nobody_else() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut two = Two::to(server.address).await;
    let answer = two.send(post("/Test/Flood", STREAM, whole(sealed("{}")))).await.unwrap();
    // It is let run until it makes no more.
    let mut made = 0;
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = app.made.load(Ordering::SeqCst);
        if now == made && now > 0 {
            break;
        }
        made = now;
    }
    // 16 KiB each: what the windows and buffers of both sides hold.
    assert!((1..=512).contains(&made), "{made} messages were made that nobody reads");
    let mut body = answer.into_body();
    for _ in 0..1_000 {
        assert!(!piece(&mut body).await.is_empty());
    }
    assert!(app.made.load(Ordering::SeqCst) > made);
    let said = two.ask(post("/Greeter/Hello", "application/json", whole("{}"))).await;
    assert_eq!(said.status.as_u16(), 200);
}

#[tokio::test]
async fn a_handler_that_stops_reading_stops_its_caller() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut two = Two::to(server.address).await;
    let (sender, body) = piecemeal();
    let mut calls = two.calls.clone();
    let _call = tokio::spawn(async move { calls.send_request(post("/Test/Wait", STREAM, body)).await });
    let message = sealed(&"x".repeat(16 * 1024));
    let mut sent = 0;
    while timeout(Duration::from_secs(1), sender.send(message.clone())).await.is_ok() {
        sent += 1;
        assert!(sent < 512, "nobody reads, and it is taken all the same");
    }
    // The others go on.
    let said = two.ask(post("/Greeter/Hello", "application/json", whole("{}"))).await;
    assert_eq!(said.status.as_u16(), 200);
}

#[tokio::test]
async fn handlers_that_stop_reading_stop_no_other_call() {
    const STREAMS: usize = 100;
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let two = Two::to(server.address).await;
    let message = sealed(&"x".repeat(16 * 1024));
    // Each sends until its own window is full; all of them together send more than a few of these.
    let fill = async |number: usize| {
        let (sender, body) = piecemeal();
        let mut calls = two.calls.clone();
        let call = tokio::spawn(async move { calls.send_request(post("/Test/Wait", STREAM, body)).await });
        let mut sent = 0;
        while timeout(Duration::from_secs(1), sender.send(message.clone())).await.is_ok() {
            sent += 1;
            assert!(sent < 512, "nobody reads, and it is taken all the same");
        }
        assert!(sent >= 256 / 16, "stream {number} sent {sent} messages");
        (sender, call)
    };
    let filled = futures_util::future::join_all((0..STREAMS).map(fill)).await;
    app.until_running(STREAMS).await;
    // Those whose messages are larger than what is sent without a window go on.
    let mut two = two;
    let name = "n".repeat(512 * 1024);
    let hello = whole(format!(r#"{{"name":"{name}"}}"#));
    let said = timeout(LONG, two.ask(post("/Greeter/Hello", "application/json", hello))).await;
    assert_eq!(said.expect("it waits for streams that nobody reads").status.as_u16(), 200);
    drop(filled);
}

#[tokio::test]
async fn whoever_goes_away_cancels() {
    let app = App::new();
    let server = Server::with(options(), &app).await;

    // A stream that is reset before its head.
    let mut two = Two::to(server.address).await;
    let mut calls = two.calls.clone();
    let call = tokio::spawn(async move { calls.send_request(post("/Test/Wait", STREAM, whole(""))).await });
    app.until_running(1).await;
    call.abort();
    app.until_running(0).await;

    // One that is reset after it.
    let answer = two.send(post("/Test/Flood", STREAM, whole(""))).await.unwrap();
    app.until_running(1).await;
    drop(answer);
    app.until_running(0).await;

    // A connection that is closed.
    let (_sender, body) = piecemeal();
    let mut calls = two.calls.clone();
    let _call = tokio::spawn(async move { calls.send_request(post("/Test/Echo", STREAM, body)).await });
    let answer = two.send(post("/Test/Flood", STREAM, whole(""))).await.unwrap();
    app.until_running(2).await;
    two.hang_up();
    app.until_running(0).await;
    drop(answer);
}
