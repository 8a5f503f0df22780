//! Whether a handler can have seen a call that failed: never told wrong, and told where it is known.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use h2::{Reason, RecvStream};
use http::Response as Answer;
use micro_core::{Body, Code, Error, Request};
use micro_transport::DialOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::http_client::{
    Raw, answering, dial, h2, head, read_request, request, request_within, soon, write_answer,
};
use super::http_client_http2::serve;

/// Reads a request to its end, which is there when all of it has come.
async fn whole(mut body: RecvStream) -> bool {
    while let Some(piece) = body.data().await {
        let Ok(piece) = piece else { return false };
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    body.is_end_stream()
}

/// A server that counts the requests of which it has seen all.
async fn counting(http2: bool) -> (Raw, Arc<AtomicUsize>) {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let server = Raw::start(move |mut stream, _| {
        let seen = count.clone();
        async move {
            if !http2 {
                while let Some((_, body)) = read_request(&mut stream).await {
                    seen.fetch_add(1, Ordering::SeqCst);
                    if stream.write_all(b"").await.is_err() {
                        return;
                    }
                    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                return;
            }
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            let mut calls = tokio::task::JoinSet::new();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let seen = seen.clone();
                calls.spawn(async move {
                    if whole(request.into_body()).await {
                        seen.fetch_add(1, Ordering::SeqCst);
                    }
                    let _ = respond.send_response(Answer::new(()), true);
                });
            }
            while calls.join_next().await.is_some() {}
        }
    })
    .await;
    (server, seen)
}

/// Something in between that lets so many bytes of the caller through and then cuts the connection; what goes back is let
/// through until then.
async fn cutting(to: SocketAddr, bytes: usize) -> Raw {
    Raw::start(move |mut caller, _| async move {
        let mut server = TcpStream::connect(to).await.unwrap();
        server.set_nodelay(true).unwrap();
        let (mut left, mut there, mut back) = (bytes, [0; 4096], [0; 4096]);
        while left > 0 {
            let most = left.min(there.len());
            tokio::select! {
                count = caller.read(&mut there[..most]) => match count {
                    Ok(count) if count > 0 => {
                        server.write_all(&there[..count]).await.unwrap();
                        left -= count;
                    }
                    _ => break,
                },
                count = server.read(&mut back) => match count {
                    Ok(count) if count > 0 => drop(caller.write_all(&back[..count]).await),
                    _ => break,
                },
            }
        }
        drop(caller);
        // The server gets all that was let through, which a reset would take from it, and has time to look at it.
        let quiet = Duration::from_millis(10);
        while tokio::time::timeout(quiet, server.read(&mut back))
            .await
            .is_ok_and(|read| read.is_ok_and(|count| count > 0))
        {}
        let _ = server.shutdown().await;
        while server.read(&mut back).await.is_ok_and(|count| count > 0) {}
    })
    .await
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_byte() {
    for http2 in [false, true] {
        let (server, seen) = counting(http2).await;
        let options = if http2 { h2() } else { DialOptions::default() };
        let (mut unreached, mut reached, mut whole, mut answered) = (0, 0, 0, 0);
        for bytes in 0.. {
            let proxy = cutting(server.address, bytes).await;
            let before = seen.load(Ordering::SeqCst);
            let connection = dial(proxy.address, &options).await;
            let body = Body::One(Bytes::from_static(b"{\"a\":\"message\"}"));
            let result = soon(connection.dispatch(Request::new(head(), body))).await;
            drop(connection);
            proxy.until_open(0).await;
            server.until_open(0).await;
            let saw = seen.load(Ordering::SeqCst) - before;
            whole += saw;
            match result {
                Ok(_) => answered += 1,
                Err(error) => {
                    assert_eq!(error.code(), Code::Unavailable, "after {bytes} bytes: {error}");
                    assert!(error.reached() || saw == 0, "after {bytes} bytes a server saw it all: {error}");
                    *(if error.reached() { &mut reached } else { &mut unreached }) += 1;
                }
            }
            if answered > 5 {
                break;
            }
            assert!(bytes < 2000, "it never gets through");
        }
        // Some were cut in the middle, and some after the last byte and before the answer.
        assert!(reached > 100 && whole > answered, "{reached} {whole} {answered}");
        // Over HTTP/2 nothing goes out before both have said hello.
        assert!(!http2 || unreached > 30, "{unreached}");
    }
}

#[tokio::test]
async fn calls_behind_the_limit_of_streams_are_not_reached_when_the_connection_ends() {
    let server = Raw::start(|stream, _| async move {
        let mut builder = h2::server::Builder::new();
        let mut connection = builder.max_concurrent_streams(2).handshake::<_, Bytes>(stream).await.unwrap();
        let mut held = Vec::new();
        while held.len() < 2 {
            held.push(connection.accept().await.unwrap().unwrap());
        }
        // Long enough that whatever comes has come.
        let more = tokio::time::timeout(Duration::from_millis(300), connection.accept()).await;
        assert!(more.is_err(), "a third one came");
    })
    .await;
    let mut options = h2();
    options.connections = 1;
    let connection = dial(server.address, &options).await;
    // The limit is known when the server has spoken.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let calls = (0..10).map(|_| connection.dispatch(request("{}")));
    let errors = soon(join_all(calls)).await.into_iter().map(|result| result.unwrap_err());
    let reached = errors.inspect(|error| assert_eq!(error.code(), Code::Unavailable, "{error}"));
    assert_eq!(reached.filter(Error::reached).count(), 2);
}

/// SETTINGS without any.
const HELLO: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// GOAWAY: the last stream that was looked at, and why.
fn goaway(last: u8, reason: u8) -> Vec<u8> {
    [&b"\0\0\x08\x07\0\0\0\0\0\0\0\0"[..], &[last, 0, 0, 0, reason]].concat()
}

/// Reads until the heads of so many streams have come.
async fn heads(stream: &mut TcpStream, count: usize) {
    stream.read_exact(&mut [0; 24]).await.unwrap();
    let mut seen = 0;
    while seen < count {
        let mut frame = [0; 9];
        stream.read_exact(&mut frame).await.unwrap();
        let length = usize::from(frame[1]) << 8 | usize::from(frame[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        seen += usize::from(frame[3] == 1);
    }
}

#[tokio::test]
async fn a_leaving_server_says_which_calls_it_did_not_look_at() {
    for (reason, reset) in [(0, false), (0, true), (11, false)] {
        let server = Raw::start(move |mut stream, _| async move {
            stream.write_all(HELLO).await.unwrap();
            heads(&mut stream, 3).await;
            stream.write_all(&goaway(3, reason)).await.unwrap();
            // The two calls that it did look at never get their answers.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if reset {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
        })
        .await;
        let connection = dial(server.address, &h2()).await;
        let calls = (0..3).map(|_| connection.dispatch(request("{}")));
        let errors = soon(join_all(calls)).await.into_iter().map(|result| result.unwrap_err());
        let reached = errors.map(|error| (error.code(), error.reached())).collect::<Vec<_>>();
        let expected = [true, true, false].map(|reached| (Code::Unavailable, reached));
        assert_eq!(reached, expected, "{reason} {reset}");
    }
}

#[tokio::test]
async fn a_server_that_leaves_while_it_says_hello_is_not_reached() {
    for hello in [HELLO, b""] {
        let server = Raw::start(move |mut stream, _| async move {
            stream.write_all(&[hello, &goaway(0, 13)].concat()).await.unwrap();
            // It does not look at what comes, but takes it.
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
        })
        .await;
        let connection = dial(server.address, &h2()).await;
        for _ in 0..2 {
            let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
            assert_eq!(error.code(), Code::Unavailable, "{error}");
            // Without a hello it is no HTTP/2, and what it means is anybody's guess.
            assert!(!error.reached() || hello.is_empty(), "{error}");
        }
    }
}

#[tokio::test]
async fn who_has_answered_has_seen_the_call() {
    let server = Raw::start(|stream, _| {
        serve(stream, |_, mut respond| async move {
            let mut sender = respond.send_response(Answer::new(()), false).unwrap();
            sender.send_data(Bytes::from_static(b"{"), false).unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
            sender.send_reset(Reason::REFUSED_STREAM);
        })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
}

#[tokio::test]
async fn a_refusal_with_an_error_as_its_body_is_that_error() {
    let ours = r#"{"id":"greeter","code":503,"detail":"stopping","reached":false,"retry_after_ms":250}"#;
    let misdirected = r#"{"code":421,"detail":"not here","reached":false}"#;
    for (status, body, code, reached, told) in [
        ("503 Service Unavailable", ours, Code::Unavailable, false, "stopping"),
        ("421 Misdirected Request", misdirected, Code::Unavailable, false, "not here"),
        // Other people's JSON, and what says something else than its status, prove nothing.
        ("503 Service Unavailable", misdirected, Code::Unavailable, true, "not here"),
        ("503 Service Unavailable", r#"{"message":"full","reached":false}"#, Code::Unavailable, true, "full"),
        ("503 Service Unavailable", "no backend", Code::Unavailable, true, "no backend"),
    ] {
        let server = answering(format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert!(error.detail().contains(told), "{error}");
        if status.starts_with("503") {
            assert_eq!(error.code(), code, "{error}");
        }
        assert_eq!(error.reached(), reached, "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_call_that_found_no_time_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for options in [DialOptions::default(), h2()] {
        let connection = dial(listener.local_addr().unwrap(), &options).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        let call = connection.dispatch(request_within("{}", Duration::ZERO));
        let error = soon(call).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false), "{error}");
        drop(connection);
        let mut sent = Vec::new();
        // HTTP/2 says hello, and nothing else.
        let _ = soon(stream.read_to_end(&mut sent)).await;
        assert!(sent.len() < 150 && !sent.starts_with(b"POST"), "{sent:?}");
    }
}

#[tokio::test]
async fn a_socket_that_its_server_closes_under_a_call_may_have_been_read() {
    // It takes the second request and closes instead of answering: nobody can know what it did with it.
    let server = Raw::start(|mut stream, _| async move {
        let (_, body) = read_request(&mut stream).await.unwrap();
        write_answer(&mut stream, &body).await;
        let _ = read_request(&mut stream).await;
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    assert!(soon(connection.dispatch(request("{}"))).await.is_ok());
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
}
