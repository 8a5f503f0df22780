//! Peers that are gone, dying, half dead, or something else.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use h2::Reason;
use http::Response as Answer;
use micro_core::{Address, Body, BodyStream, Code, Frame, Request};
use micro_transport::{Connection, ConnectionState, DialOptions, Http, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::http_client::{Raw, answering, dial, h2, head, read_request, request, request_within, soon, text};
use super::http_client_http2::{echo, serve};

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

async fn leaves(connection: &Arc<dyn Connection>, state: ConnectionState) -> ConnectionState {
    soon(connection.changed(state)).await;
    connection.state()
}

#[tokio::test]
async fn nobody_listens() {
    let address = nobody().await;
    for options in [DialOptions::default(), h2()] {
        let error = soon(Http.dial(&Address::from(address), &options)).await.err().unwrap();
        assert_eq!((error.code(), error.reached()), (Code::Unavailable, false));
        assert!(error.detail().contains(&address.to_string()), "{error}");
    }
}

#[tokio::test]
async fn names_are_resolved() {
    let server = Raw::start(|stream, _| super::http_client::echo(stream)).await;
    // Of the two addresses that this name usually has, one refuses.
    let address = Address::new(&format!("localhost:{}", server.address.port())).unwrap();
    let connection = soon(Http.dial(&address, &DialOptions::default())).await.unwrap();
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");

    let nowhere = Address::new("no-such-host.invalid:80").unwrap();
    let error = soon(Http.dial(&nowhere, &DialOptions::default())).await.err().unwrap();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
}

/// A listener that accepts nothing, and has a short queue.
struct Hole {
    _socket: socket2::Socket,
    address: SocketAddr,
}

impl Hole {
    fn new() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        Self { _socket: socket, address }
    }

    /// Fills the queue: then the kernel drops the packets of whoever knocks.
    async fn fill(&self) -> Vec<TcpStream> {
        let mut queued = Vec::new();
        let knock = || tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(self.address));
        while let Ok(Ok(stream)) = knock().await {
            queued.push(stream);
            assert!(queued.len() < 100, "the queue has no end");
        }
        queued
    }
}

#[tokio::test]
async fn a_black_hole_takes_no_longer_than_the_timeout() {
    let hole = Hole::new();
    let _queued = hole.fill().await;
    let mut options = h2();
    options.timeout = Duration::from_millis(200);
    let start = Instant::now();
    let error = soon(Http.dial(&Address::from(hole.address), &options)).await.err().unwrap();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false));
    assert!(error.detail().contains("200ms"), "{error}");
    assert!(start.elapsed() >= options.timeout && start.elapsed() < Duration::from_secs(2));
    assert_eq!(DialOptions::default().timeout, Duration::from_secs(2));
}

#[tokio::test]
async fn a_server_that_is_gone_is_not_reached() {
    let server = Raw::start(|stream, _| super::http_client::echo(stream)).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    assert!(soon(connection.dispatch(request("{}"))).await.is_ok());
    let address = server.address;
    drop(server);
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
}

#[tokio::test]
async fn a_call_with_less_time_than_dialling_takes_is_not_reached() {
    let hole = Hole::new();
    let connection = dial(hole.address, &DialOptions::default()).await;
    let _queued = hole.fill().await;
    // The first call has the socket; the second one needs another.
    let _first = tokio::spawn(connection.dispatch(request_within("{}", Duration::from_secs(30))));
    tokio::task::yield_now().await;
    let start = Instant::now();
    let error =
        soon(connection.dispatch(request_within("{}", Duration::from_millis(100)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false), "{error}");
    assert!(error.detail().contains(&format!("connecting to {}", hole.address)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
}

#[tokio::test]
async fn a_connection_that_breaks_fails_its_calls_at_once() {
    for rst in [false, true] {
        let server = Raw::start(move |stream, _| async move {
            let raw = stream.into_std().unwrap();
            if rst {
                socket2::SockRef::from(&raw).set_linger(Some(Duration::ZERO)).unwrap();
            }
            let mut connection = h2::server::handshake(TcpStream::from_std(raw).unwrap()).await.unwrap();
            let mut held = Vec::new();
            while held.len() < 3 {
                held.push(connection.accept().await.unwrap().unwrap());
            }
        })
        .await;
        let connection = dial(server.address, &h2()).await;
        let start = Instant::now();
        let calls = [
            connection.dispatch(request_within("1", Duration::from_secs(30))),
            connection.dispatch(request_within("2", Duration::from_secs(30))),
            connection
                .dispatch(Request::new(head(), Body::Stream(BodyStream::of([Frame::Data("3".into())])))),
        ];
        for result in soon(join_all(calls)).await {
            let error = result.unwrap_err();
            assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        soon(async {
            while connection.state() != ConnectionState::Closed {
                connection.changed(connection.state()).await;
            }
        })
        .await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    }
}

#[tokio::test]
async fn a_refused_call_is_not_reached() {
    let server = Raw::start(|stream, _| {
        serve(stream, |_, mut respond| async move { respond.send_reset(Reason::REFUSED_STREAM) })
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    assert_eq!(connection.state(), ConnectionState::Ready);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_it_has() {
    let stop = Arc::new(Notify::new());
    let stopping = stop.clone();
    let server = Raw::start(move |stream, _| {
        let stop = stopping.clone();
        async move {
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let (request, mut respond) = connection.accept().await.unwrap().unwrap();
            drop(request);
            connection.graceful_shutdown();
            // Polling it is what sends the farewell; it is over when the call is answered.
            let answer = async {
                stop.notified().await;
                let mut sender = respond.send_response(Answer::new(()), false).unwrap();
                sender.send_data(Bytes::from_static(b"{}"), true).unwrap();
            };
            tokio::join!(answer, async { while connection.accept().await.is_some() {} });
        }
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let call = tokio::spawn(connection.dispatch(request("{}")));
    assert_eq!(leaves(&connection, ConnectionState::Ready).await, ConnectionState::Draining);
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    stop.notify_one();
    assert_eq!(text(&soon(call).await.unwrap().unwrap()), "{}");
    assert_eq!(leaves(&connection, ConnectionState::Draining).await, ConnectionState::Closed);
}

/// The frames of a server that says hello, and then that it has seen no call.
const HELLO: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
const GOODBYE: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";

#[tokio::test]
async fn calls_that_a_leaving_server_did_not_see_are_not_reached() {
    let server = Raw::start(|mut stream, _| async move {
        stream.write_all(HELLO).await.unwrap();
        // The preface and the settings, then the call.
        let mut seen = 0;
        let mut buffer = [0; 4096];
        while seen < 200 {
            seen += stream.read(&mut buffer).await.unwrap();
        }
        stream.write_all(GOODBYE).await.unwrap();
        let _ = stream.read(&mut buffer).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    })
    .await;
    let connection = dial(server.address, &h2()).await;
    let body = Body::One(Bytes::from(vec![b' '; 500]));
    let error = soon(connection.dispatch(Request::new(head(), body))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    assert_ne!(connection.state(), ConnectionState::Ready);
}

/// Takes everything and says nothing but hello, as a process that hangs.
async fn hung() -> Raw {
    Raw::start(|mut stream, _| async move {
        stream.write_all(HELLO).await.unwrap();
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    })
    .await
}

#[tokio::test]
async fn a_peer_that_is_silent_and_answers_no_ping_is_dead() {
    let server = hung().await;
    let mut options = h2();
    (options.keep_alive, options.keep_alive_timeout) =
        (Duration::from_millis(1000), Duration::from_millis(500));
    let connection = dial(server.address, &options).await;
    let start = Instant::now();
    let error = soon(connection.dispatch(request_within("{}", Duration::from_secs(30)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
    assert!(error.detail().contains("ping"), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(1400) && start.elapsed() < Duration::from_secs(15));
    assert_eq!(connection.state(), ConnectionState::Closed);
    server.until_open(0).await;
}

#[tokio::test]
async fn a_peer_that_died_while_nobody_asked_is_not_reached() {
    let server = hung().await;
    let mut options = h2();
    (options.keep_alive, options.keep_alive_timeout) =
        (Duration::from_millis(100), Duration::from_millis(500));
    options.connections = 1;
    let connection = dial(server.address, &options).await;
    // While nobody waits nobody asks.
    tokio::time::sleep(Duration::from_millis(1000)).await;
    assert_eq!(connection.state(), ConnectionState::Ready);
    let start = Instant::now();
    let error = soon(connection.dispatch(request_within("{}", Duration::from_secs(30)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    assert!(error.detail().contains("ping"), "{error}");
    assert!(start.elapsed() >= Duration::from_millis(400) && start.elapsed() < Duration::from_secs(5));
    assert_eq!(connection.state(), ConnectionState::Closed);
}

#[tokio::test]
async fn a_peer_that_only_its_kernel_speaks_for_is_not_reached() {
    // As a process that was stopped: connections are taken, and nothing is ever said.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = h2();
    options.keep_alive_timeout = Duration::from_millis(300);
    let connection = dial(listener.local_addr().unwrap(), &options).await;
    let error = soon(connection.dispatch(request_within("{}", Duration::from_secs(30)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
    assert!(error.detail().contains("said nothing within 300ms"), "{error}");
    let error =
        soon(connection.dispatch(request_within("{}", Duration::from_millis(100)))).await.unwrap_err();
    assert!(!error.reached(), "{error}");
}

#[tokio::test]
async fn a_peer_that_is_slow_and_answers_pings_is_not_dead() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, respond| async move {
            tokio::time::sleep(Duration::from_millis(1500)).await;
            echo(request, respond).await;
        })
    })
    .await;
    let mut options = h2();
    (options.keep_alive, options.keep_alive_timeout) =
        (Duration::from_millis(100), Duration::from_millis(500));
    let connection = dial(server.address, &options).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
}

#[tokio::test]
async fn what_speaks_no_http2_is_an_error() {
    for garbage in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        &[0xff; 5000],
        b"\0\0\0\x04\0\0\0\0\0\xff\xff\xff\x09\0\0\0\0\x01",
    ] {
        let server = Raw::start(move |mut stream, _| async move {
            let _ = stream.write_all(garbage).await;
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        })
        .await;
        let connection = dial(server.address, &h2()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        soon(async {
            while connection.state() != ConnectionState::Closed {
                connection.changed(connection.state()).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn nothing_is_left_of_an_http2_connection() {
    let server = Raw::start(|stream, _| {
        serve(stream, |request, respond| async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            echo(request, respond).await;
        })
    })
    .await;
    let runtime = tokio::runtime::Handle::current();
    let tasks = runtime.metrics().num_alive_tasks();
    for round in 0..20 {
        let connection = dial(server.address, &h2()).await;
        let calls = (0..8).map(|_| connection.dispatch(request("{}"))).collect::<Vec<_>>();
        let body = BodyStream::of([Frame::Data("1".into())]);
        let cancelled = connection.dispatch(Request::new(head(), Body::Stream(body)));
        tokio::task::yield_now().await;
        drop(cancelled);
        if round % 2 == 0 {
            // Its calls hold it.
            drop(connection);
        }
        soon(join_all(calls)).await.into_iter().for_each(|result| assert!(result.is_ok()));
    }
    server.until_open(0).await;
    soon(async {
        while runtime.metrics().num_alive_tasks() > tasks {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_refuses_and_does_not_end_is_not_waited_for() {
    for (head, code, told) in [
        (
            "200 OK\r\nContent-Type: text/plain",
            Code::Unimplemented,
            "does not speak streams of `application/json`",
        ),
        ("503 No", Code::Unavailable, "unsupported"),
        ("200 OK\r\nMicro-Error: {\"code\":404,\"detail\":\"none\"}", Code::NotFound, "none"),
    ] {
        let text = "unsupported Content-Type: application/connect+json";
        let answer =
            format!("HTTP/1.1 {head}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{text}\r\n", text.len());
        let server = Raw::start(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.read_u8().await;
            }
        })
        .await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.detail().contains(told), "{error}");
        // Its connection is not used again.
        server.until_open(0).await;
    }
}

#[tokio::test]
async fn nothing_of_go_micro_is_read_whatever_it_is_called() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\n";
    for (rest, code) in [
        ("Micro-Endpoint: Greeter.Hello\r\nContent-Length: 0\r\n\r\n", None),
        ("Micro-Endpoint: Greeter.Hello\r\nContent-Length: 2\r\n\r\n{}", Some(Code::Internal)),
        ("Content-Length: 0\r\n\r\n", Some(Code::Internal)),
    ] {
        let server = answering(format!("{head}{rest}")).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let answer = soon(connection.dispatch(request("{}"))).await;
        assert_eq!(
            answer.as_ref().map(text).map_err(micro_core::Error::code),
            code.map_or(Ok(String::new()), Err)
        );
    }
}
