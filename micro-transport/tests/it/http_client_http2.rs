//! Calls over HTTP/2, to servers made of the crate `h2` by hand.

use std::future::Future;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::join_all;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::Response as Answer;
use micro_core::{Body, Code, Request};
use tokio::net::TcpStream;

use super::http_client::{Raw, dial, h2, head, request, request_within, soon, text};

pub(crate) const STREAM: &str = "application/connect+json";

/// Serves the calls of a connection, each by a future of its own.
pub(crate) async fn serve<F, T>(stream: TcpStream, call: F)
where
    F: Fn(http::Request<RecvStream>, SendResponse<Bytes>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    serve_at_most(10_000, stream, call).await;
}

/// The same for so many calls at a time.
pub(crate) async fn serve_at_most<F, T>(streams: u32, stream: TcpStream, call: F)
where
    F: Fn(http::Request<RecvStream>, SendResponse<Bytes>) -> T,
    T: Future<Output = ()> + Send + 'static,
{
    let mut builder = h2::server::Builder::new();
    // The default takes 20 calls that were cancelled at once for an attack.
    builder.max_concurrent_streams(streams).max_pending_accept_reset_streams(10_000);
    let mut connection = builder.handshake(stream).await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        calls.spawn(call(request, respond));
    }
}

pub(crate) fn envelope(flags: u8, bytes: &[u8]) -> Bytes {
    [&[flags][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat().into()
}

pub(crate) fn ok(content_type: &str) -> Answer<()> {
    Answer::builder().header("content-type", content_type).body(()).unwrap()
}

/// Begins a streamed answer.
pub(crate) fn begin(respond: &mut SendResponse<Bytes>) -> SendStream<Bytes> {
    respond.send_response(ok(STREAM), false).unwrap()
}

pub(crate) async fn read_all(mut body: RecvStream) -> Bytes {
    let mut bytes = BytesMut::new();
    while let Some(Ok(piece)) = body.data().await {
        body.flow_control().release_capacity(piece.len()).unwrap();
        bytes.extend_from_slice(&piece);
    }
    bytes.freeze()
}

/// Answers with the request's body.
pub(crate) async fn echo(request: http::Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let body = read_all(request.into_body()).await;
    // Its caller may be gone.
    if let Ok(mut sender) = respond.send_response(ok("application/json"), false) {
        let _ = sender.send_data(body, true);
    }
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, respond| async move {
            let (head, _) = (request.headers().clone(), request.uri().clone());
            assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/"));
            for (name, value) in [
                ("content-type", "application/json"),
                ("accept", "application/json, application/connect+json"),
                ("micro-service", "greeter"),
                ("micro-endpoint", "Greeter.Hello"),
                ("micro-method", "Greeter.Hello"),
            ] {
                assert_eq!(head[name], value);
            }
            assert!(head.contains_key("timeout") && head.contains_key("micro-id"));
            tokio::time::sleep(Duration::from_millis(10)).await;
            echo(request, respond).await;
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let calls =
        join_all((0..100).map(|_| connection.dispatch(request_within("{}", Duration::from_secs(20)))));
    for result in soon(calls).await {
        assert_eq!(text(&result.unwrap()), "{}");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn large_messages_go_through_the_windows() {
    let server = Raw::start(|stream, _| serve(stream, echo)).await;
    let connection = dial(server.address, &h2()).await;
    let large = "x".repeat(3_000_000);
    let calls = (0..20).map(|_| connection.dispatch(Request::new(head(), Body::One(large.clone().into()))));
    for result in soon(join_all(calls)).await {
        assert_eq!(text(&result.unwrap()).len(), large.len());
    }
}

#[tokio::test]
async fn errors_statuses_and_trailers() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            let body = read_all(request.into_body()).await;
            match &*body {
                b"error" => {
                    let error =
                        r#"{"id":"greeter","code":404,"detail":"no such","reason":"GONE","reached":false}"#;
                    let answer = Answer::builder().header("micro-error", error).body(()).unwrap();
                    respond.send_response(answer, true).unwrap();
                }
                b"proxy" => {
                    let answer = Answer::builder().status(503).body(()).unwrap();
                    let mut sender = respond.send_response(answer, false).unwrap();
                    sender.send_data("overloaded".into(), true).unwrap();
                }
                b"whole" => {
                    let body = [envelope(0, b"{}"), envelope(2, br#"{"metadata":{"count":["7"]}}"#)].concat();
                    let mut answer = ok(STREAM);
                    answer.headers_mut().insert("content-length", body.len().into());
                    let mut sender = respond.send_response(answer, false).unwrap();
                    sender.send_data(body.into(), true).unwrap();
                }
                _ => {
                    let mut sender = respond.send_response(ok("application/json"), false).unwrap();
                    sender.send_data("{}".into(), false).unwrap();
                    let trailers = [("count", "7")].map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap()));
                    sender.send_trailers(trailers.into_iter().collect()).unwrap();
                }
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let error = soon(connection.dispatch(request("error"))).await.unwrap_err();
    assert_eq!((error.code(), error.reason(), error.reached()), (Code::NotFound, "GONE", false));
    let error = soon(connection.dispatch(request("proxy"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true));
    assert!(error.detail().contains("overloaded"), "{error}");
    for body in ["trailers", "whole"] {
        let response = soon(connection.dispatch(request(body))).await.unwrap();
        assert_eq!((&*text(&response), response.trailers().get("count")), ("{}", Some("7")));
    }
}

#[tokio::test]
async fn limits_of_answers() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            let body = read_all(request.into_body()).await;
            let mut sender = match &*body {
                b"length" => {
                    let mut answer = ok("application/json");
                    answer.headers_mut().insert("content-length", 2000.into());
                    respond.send_response(answer, false).unwrap()
                }
                b"announced" => {
                    let mut answer = ok("application/json");
                    answer.headers_mut().insert("content-length", (1_u64 << 60).into());
                    let _nothing = respond.send_response(answer, false).unwrap();
                    return std::future::pending().await;
                }
                b"stream" => begin(&mut respond),
                _ => respond.send_response(ok("application/json"), false).unwrap(),
            };
            let content = Bytes::from(vec![b'x'; 2000]);
            let content = if &*body == b"stream" { envelope(0, &content) } else { content };
            let _ = sender.send_data(content, true);
        })
    })
    .await;
    let mut options = h2();
    options.max_message = 1000;
    let connection = dial(server.address, &options).await;
    for kind in ["length", "announced", "pieces", "stream"] {
        let error = soon(connection.dispatch(request(kind))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::ResourceExhausted, true), "{kind}: {error}");
        assert!(error.detail().contains("max_message"), "{error}");
    }
}

#[tokio::test]
async fn odd_options_are_no_panic() {
    let server = Raw::start(|stream, _| serve(stream, echo)).await;
    for time in [Duration::MAX, Duration::ZERO] {
        let mut options = h2();
        (options.keep_alive, options.keep_alive_timeout) = (time, Duration::MAX);
        if time > Duration::ZERO {
            options.timeout = time;
        }
        let connection = dial(server.address, &options).await;
        assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    }
}

#[tokio::test]
async fn cancelling_many_calls_keeps_the_connection() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, respond| async move {
            // Just as long as it takes to be cancelled, so that answers and resets cross.
            tokio::time::sleep(Duration::from_millis(10)).await;
            echo(request, respond).await;
        })
    })
    .await;
    // Aborted calls end a little later, so more than there are meet here.
    let mut options = h2();
    options.connections = 1;
    let connection = dial(server.address, &options).await;
    for _ in 0..50 {
        let calls = (0..100).map(|_| tokio::spawn(connection.dispatch(request("{}")))).collect::<Vec<_>>();
        tokio::time::sleep(Duration::from_millis(10)).await;
        calls.iter().for_each(tokio::task::JoinHandle::abort);
    }
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    assert_eq!(server.accepted(), 1);
}
