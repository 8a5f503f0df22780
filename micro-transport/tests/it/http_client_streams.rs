//! Streams over HTTP/2, to servers that speak it by hand.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::Reason;
use micro_core::{Body, BodyStream, Code, Error, Frame, Metadata, Request, Result, Source};
use micro_transport::DialOptions;
use tokio::sync::mpsc;

use super::http_client::{Raw, dial, h2, head, request, soon, text};
use super::http_client_http2::{STREAM, begin, envelope, ok, read_all, serve};

/// A body whose messages come from a channel.
struct Channel(mpsc::Receiver<Result<Frame>>);

impl Source for Channel {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        self.0.poll_recv(cx)
    }
}

fn streamed() -> (mpsc::Sender<Result<Frame>>, Request) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Request::new(head(), Body::Stream(BodyStream::new(Channel(receiver)))))
}

fn data(text: &'static str) -> Frame {
    Frame::Data(text.into())
}

fn stream_of(response: micro_core::Response) -> BodyStream {
    match response.body {
        Body::Stream(stream) => stream,
        other => panic!("no stream: {other:?}"),
    }
}

#[tokio::test]
async fn a_stream_each_way() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            assert_eq!(request.headers()["content-type"], STREAM);
            let mut body = request.into_body();
            let mut sender = begin(&mut respond);
            // Envelopes go back as they come, whatever their pieces.
            while let Some(piece) = body.data().await {
                let piece = piece.unwrap();
                body.flow_control().release_capacity(piece.len()).unwrap();
                sender.send_data(piece, false).unwrap();
            }
            sender.send_data(envelope(2, br#"{"metadata":{"count":["3"]}}"#), true).unwrap();
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let (sender, request) = streamed();
    let call = connection.dispatch(request);
    sender.send(Ok(data("1"))).await.unwrap();
    let mut answers = stream_of(soon(call).await.unwrap());
    assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), data("1"));
    for text in ["2", ""] {
        sender.send(Ok(data(text))).await.unwrap();
        assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), data(text));
    }
    drop(sender);
    let mut trailers = Metadata::new();
    trailers.append("count", "3").unwrap();
    assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), Frame::Trailers(trailers));
    assert!(soon(answers.frame()).await.is_none());
}

#[tokio::test]
async fn a_streamed_request_progresses_unpolled_and_half_closes() {
    let (ended, mut ends) = mpsc::channel(1);
    let server = Raw::start(move |stream, _| {
        let ended = ended.clone();
        serve(stream, move |request, mut respond| {
            let ended = ended.clone();
            async move {
                let body = read_all(request.into_body()).await;
                ended.send(body.clone()).await.unwrap();
                let mut sender = respond.send_response(ok("application/json"), false).unwrap();
                sender.send_data(body.len().to_string().into(), true).unwrap();
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let (sender, request) = streamed();
    let call = connection.dispatch(request);
    for _ in 0..5 {
        soon(sender.send(Ok(data("abc")))).await.unwrap();
    }
    let mut trailers = Metadata::new();
    trailers.append("sum", "1").unwrap();
    sender.send(Ok(Frame::Trailers(trailers))).await.unwrap();
    drop(sender);
    let body = soon(ends.recv()).await.unwrap();
    assert_eq!(body[..40], *envelope(0, b"abc").repeat(5));
    assert_eq!(body[40..], *envelope(2, br#"{"metadata":{"sum":["1"]}}"#));
    assert_eq!(text(&soon(call).await.unwrap()), body.len().to_string());
}

#[tokio::test]
async fn how_streams_fail() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            let body = read_all(request.into_body()).await;
            let failed = r#"{"error":{"code":"not_found","message":"x","micro":{"id":"a","code":404,"detail":"no such","reason":"R"}}}"#;
            let mut sender = begin(&mut respond);
            match &*body {
                b"first" => sender.send_data(envelope(2, failed.as_bytes()), true).unwrap(),
                b"later" => {
                    sender.send_data(envelope(0, b"1"), false).unwrap();
                    sender.send_data(envelope(2, failed.as_bytes()), true).unwrap();
                }
                b"cut" => sender.send_data(envelope(0, b"1"), true).unwrap(),
                b"half" => sender.send_data(envelope(0, b"12345").slice(..7), true).unwrap(),
                b"reset" => {
                    sender.send_data(envelope(0, b"1"), false).unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    sender.send_reset(Reason::INTERNAL_ERROR);
                }
                _ => sender.send_data("no envelopes".into(), true).unwrap(),
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let error = soon(connection.dispatch(request("first"))).await.unwrap_err();
    assert_eq!((error.code(), error.reason(), error.detail()), (Code::NotFound, "R", "no such"));
    for (kind, code) in [("later", Code::NotFound), ("cut", Code::Unavailable), ("reset", Code::Unavailable)]
    {
        let mut answers = stream_of(soon(connection.dispatch(request(kind))).await.unwrap());
        assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), data("1"), "{kind}");
        let error = soon(answers.frame()).await.unwrap().unwrap_err();
        assert_eq!((error.code(), error.reached()), (code, true), "{kind}");
        assert!(soon(answers.frame()).await.is_none());
    }
    let error = soon(connection.dispatch(request("half"))).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error}");
    let error = soon(connection.dispatch(request("garbage"))).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal, "{error}");
}

#[tokio::test]
async fn a_stream_whose_source_fails_is_cancelled() {
    let (told, mut tells) = mpsc::channel(1);
    let server = Raw::start(move |stream, _| {
        let told = told.clone();
        serve(stream, move |request, respond| {
            let told = told.clone();
            async move {
                let mut body = request.into_body();
                while let Some(piece) = body.data().await {
                    if let Err(error) = piece {
                        told.send(error.reason()).await.unwrap();
                    }
                }
                drop(respond);
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let (sender, request) = streamed();
    let call = connection.dispatch(request);
    sender.send(Ok(data("1"))).await.unwrap();
    sender.send(Err(Error::data_loss("the disk is gone"))).await.unwrap();
    assert_eq!(soon(tells.recv()).await.unwrap(), Some(Reason::CANCEL));
    let error = soon(call).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), (Code::DataLoss, "the disk is gone"));
}

#[tokio::test]
async fn dropping_a_call_resets_its_stream() {
    let (told, mut tells) = mpsc::channel(4);
    let server = Raw::start(move |stream, _| {
        let told = told.clone();
        serve(stream, move |request, mut respond| {
            let told = told.clone();
            async move {
                let streaming = request.headers()["content-type"] == STREAM;
                let mut sender = streaming.then(|| begin(&mut respond));
                if let Some(sender) = &mut sender {
                    sender.send_data(envelope(0, b"1"), false).unwrap();
                }
                told.send(None).await.unwrap();
                let reason = match &mut sender {
                    Some(sender) => poll_fn(|cx| sender.poll_reset(cx)).await,
                    None => poll_fn(|cx| respond.poll_reset(cx)).await,
                };
                told.send(Some(reason.unwrap())).await.unwrap();
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;

    let call = tokio::spawn(connection.dispatch(request("{}")));
    assert_eq!(soon(tells.recv()).await.unwrap(), None);
    call.abort();
    assert_eq!(soon(tells.recv()).await.unwrap(), Some(Reason::CANCEL));

    // The call itself, whose stream is being sent.
    let (sender, request) = streamed();
    let call = connection.dispatch(request);
    sender.send(Ok(data("1"))).await.unwrap();
    assert_eq!(soon(tells.recv()).await.unwrap(), None);
    drop(call);
    assert_eq!(soon(tells.recv()).await.unwrap(), Some(Reason::CANCEL));
    soon(sender.closed()).await;

    // Its answer.
    let (sender, request) = streamed();
    let answers = stream_of(soon(connection.dispatch(request)).await.unwrap());
    assert_eq!(soon(tells.recv()).await.unwrap(), None);
    drop(answers);
    assert_eq!(soon(tells.recv()).await.unwrap(), Some(Reason::CANCEL));
    soon(sender.closed()).await;
}

#[tokio::test]
async fn a_reader_that_stops_stops_its_writer() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let server = Raw::start(move |stream, _| {
        let sent = count.clone();
        serve(stream, move |_, mut respond| {
            let sent = sent.clone();
            async move {
                let mut sender = begin(&mut respond);
                let message = envelope(0, &[b'x'; 10_000]);
                for _ in 0..1000 {
                    sender.reserve_capacity(message.len());
                    while sender.capacity() < message.len() {
                        if !matches!(poll_fn(|cx| sender.poll_capacity(cx)).await, Some(Ok(_))) {
                            return;
                        }
                    }
                    sender.send_data(message.clone(), false).unwrap();
                    sent.fetch_add(message.len(), Ordering::SeqCst);
                }
                sender.send_data(envelope(2, b"{}"), true).unwrap();
            }
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let mut answers = stream_of(soon(connection.dispatch(request("{}"))).await.unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let unread = sent.load(Ordering::SeqCst);
    assert!(unread < 2_000_000, "{unread} bytes are on their way to somebody who does not read");
    let mut messages = 0;
    while let Some(frame) = soon(answers.frame()).await {
        assert_eq!(frame.unwrap(), Frame::Data(Bytes::from(vec![b'x'; 10_000])));
        messages += 1;
    }
    assert_eq!(messages, 1000);
}

/// As many messages as are wanted, which it counts.
struct Endless(Arc<AtomicUsize>);

impl Source for Endless {
    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::Data(Bytes::from_static(&[b'x'; 10_000])))))
    }
}

#[tokio::test]
async fn a_server_that_does_not_read_stops_the_source() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, _respond| async move {
            let _body = request.into_body();
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let body = BodyStream::new(Endless(pulled.clone()));
    let call = connection.dispatch(Request::new(head(), Body::Stream(body)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = pulled.load(Ordering::SeqCst);
    assert!((1..=20).contains(&before), "{before} messages for a window of 65,535 bytes");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(pulled.load(Ordering::SeqCst), before);
    drop(call);
}

#[tokio::test]
async fn a_bare_address_gets_one_session_for_its_streams() {
    let server = Raw::start(|mut stream, _| async move {
        let mut first = [0; 3];
        while stream.peek(&mut first).await.unwrap_or(0) == 1 {}
        if &first == b"PRI" {
            serve(stream, |request, mut respond| async move {
                let body = read_all(request.into_body()).await;
                let mut sender = begin(&mut respond);
                sender.send_data(body, false).unwrap();
                sender.send_data(envelope(2, b"{}"), true).unwrap();
            })
            .await;
        } else {
            while let Some((_, body)) = super::http_client::read_request(&mut stream).await {
                super::http_client::write_answer(&mut stream, &body).await;
            }
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    let calls = (0..20).map(|_| {
        let body = BodyStream::of([data("1"), data("2")]);
        connection.dispatch(Request::new(head(), Body::Stream(body)))
    });
    for result in soon(join_all(calls)).await {
        let mut answers = stream_of(result.unwrap());
        assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), data("1"));
        assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), data("2"));
        assert!(soon(answers.frame()).await.is_none());
    }
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_server_may_answer_before_it_has_read_all() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            let mut sender = respond.send_response(ok("application/json"), false).unwrap();
            sender.send_data("{\"a\":1}".into(), true).unwrap();
            // Which it does not want.
            drop(request);
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    for _ in 0..20 {
        let body = Body::One(vec![b'x'; 1_000_000].into());
        let response = soon(connection.dispatch(Request::new(head(), body))).await.unwrap();
        assert_eq!(text(&response), "{\"a\":1}");
    }
    let endless = BodyStream::new(Endless(Arc::default()));
    let response = soon(connection.dispatch(Request::new(head(), Body::Stream(endless)))).await.unwrap();
    assert_eq!(text(&response), "{\"a\":1}");
}
