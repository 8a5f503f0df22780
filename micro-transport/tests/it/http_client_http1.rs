//! Calls over HTTP/1.1, to servers that speak it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use micro_core::{Body, BodyStream, Code, Frame, Request};
use micro_transport::{ConnectionState, DialOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http_client::{
    Raw, dial, echo, head, read_request, request, request_within, soon, text, write_answer,
};

#[tokio::test]
async fn the_head_is_go_micros() {
    let server = Raw::start(|mut stream, _| async move {
        while let Some((head, body)) = read_request(&mut stream).await {
            assert_eq!(body, "{}");
            write_answer(&mut stream, &serde_json::to_string(&head).unwrap()).await;
        }
    })
    .await;
    let known = |protocol: &str| {
        let mut options = DialOptions::default();
        options.protocols = vec![protocol.to_owned()];
        options
    };
    let connections = [
        dial(server.address, &DialOptions::default()).await,
        dial(server.address, &known("mucp")).await,
        dial(server.address, &known("http/1.1")).await,
    ];
    // Whoever may be ours is told that the answer may be a stream.
    for (connection, number, ours) in [(0, 0, true), (0, 1, true), (1, 0, false), (2, 0, true)] {
        let connection = &connections[connection];
        let mut request = request_within("{}", Duration::from_secs(60));
        request.head.metadata.append("Tenant", "acme").unwrap();
        request.head.metadata.append("micro-endpoint", "Other.Call").unwrap();
        let response = soon(connection.dispatch(request)).await.unwrap();
        let head: String = serde_json::from_str(&text(&response)).unwrap();
        let lines = head.lines().collect::<Vec<_>>();
        assert_eq!(lines[0], "POST / HTTP/1.1");
        for line in [
            &format!("Host: {}", server.address),
            "Content-Type: application/json",
            "Micro-Service: greeter",
            "Micro-Endpoint: Greeter.Hello",
            "Micro-Method: Greeter.Hello",
            &format!("Micro-Id: {number}"),
            "Tenant: acme",
            "Content-Length: 2",
        ] {
            assert_eq!(lines.iter().filter(|is| **is == line).count(), 1, "{line} in {head}");
        }
        let accept = if ours {
            "Accept: application/json, application/connect+json"
        } else {
            "Accept: application/json"
        };
        assert!(lines.contains(&accept), "{head}");
        let timeout = lines.iter().find_map(|line| line.strip_prefix("Timeout: ")).unwrap();
        let timeout = Duration::from_nanos(timeout.parse().unwrap());
        assert!(timeout > Duration::from_secs(30) && timeout <= Duration::from_secs(60), "{timeout:?}");
    }
}

#[tokio::test]
async fn a_socket_is_used_again() {
    let server = Raw::start(|stream, _| echo(stream)).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for _ in 0..50 {
        assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_pool_has_a_bound_and_nothing_is_pipelined() {
    let busy = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (count, peak) = (busy.clone(), most.clone());
    let server = Raw::start(move |mut stream, _| {
        let (busy, most) = (count.clone(), peak.clone());
        async move {
            while let Some((_, body)) = read_request(&mut stream).await {
                most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(2)).await;
                let early = stream.try_read(&mut [0]);
                assert!(
                    early.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
                    "pipelined"
                );
                busy.fetch_sub(1, Ordering::SeqCst);
                write_answer(&mut stream, &body).await;
            }
        }
    })
    .await;
    let mut options = DialOptions::default();
    options.pool_size = 2;
    let connection = dial(server.address, &options).await;
    let calls = join_all((0..100).map(|_| connection.dispatch(request("{}"))));
    for result in soon(calls).await {
        assert_eq!(text(&result.unwrap()), "{}");
    }
    assert_eq!((server.accepted(), most.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn a_call_that_waits_for_a_socket_has_its_deadline() {
    let server = Raw::start(|mut stream, _| async move {
        let _ = read_request(&mut stream).await;
        let _ = stream.read_u8().await;
    })
    .await;
    let mut options = DialOptions::default();
    options.pool_size = 1;
    let connection = dial(server.address, &options).await;
    let first = connection.dispatch(request_within("{}", Duration::from_secs(30)));
    let first = tokio::spawn(first);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = soon(connection.dispatch(request_within("{}", Duration::from_millis(50)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false));
    assert!(error.detail().contains("pool_size"), "{error}");
    first.abort();
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_lost_at_the_deadline_and_not_repeated() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    let server = Raw::start(move |mut stream, _| {
        let requests = count.clone();
        async move {
            while read_request(&mut stream).await.is_some() {
                requests.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let error = soon(connection.dispatch(request_within("{}", Duration::from_millis(80)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, true));
    let text = format!("no time left while waiting for the answer of {}", server.address);
    assert_eq!(error.detail(), text);
    // The late answer would be taken for that of the next call.
    server.until_open(0).await;
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn dropping_a_call_closes_its_socket() {
    let server = Raw::start(|mut stream, number| async move {
        if number == 0 {
            let _ = read_request(&mut stream).await;
            assert!(stream.read_u8().await.is_err(), "the end is the signal");
        } else {
            echo(stream).await;
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let call = tokio::time::timeout(Duration::from_millis(50), connection.dispatch(request("{}"))).await;
    assert!(call.is_err());
    server.until_open(0).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    assert_eq!(server.accepted(), 2);
}

#[tokio::test]
async fn a_socket_that_was_closed_while_idle_is_not_used() {
    let server = Raw::start(|mut stream, _| async move {
        if let Some((_, body)) = read_request(&mut stream).await {
            write_answer(&mut stream, &body).await;
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for _ in 0..5 {
        assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
        server.until_open(0).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.accepted(), 5);
}

#[tokio::test]
async fn a_socket_that_was_closed_while_this_process_slept_is_not_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n{}") {
                let mut byte = [0];
                std::io::Read::read_exact(&mut stream, &mut byte).unwrap();
                request.extend(byte);
            }
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                .unwrap();
        }
    });
    let connection = dial(address, &DialOptions::default()).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    // The runtime hears of nothing in this time, as when the process or its machine was stopped.
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    server.join().unwrap();
}

#[tokio::test]
async fn idle_sockets_end() {
    let server = Raw::start(|stream, _| echo(stream)).await;
    let mut options = DialOptions::default();
    options.pool_ttl = Duration::from_millis(100);
    let connection = dial(server.address, &options).await;
    let calls = join_all((0..5).map(|_| connection.dispatch(request("{}"))));
    soon(calls).await.into_iter().for_each(|result| assert!(result.is_ok()));
    server.until_open(0).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
}

#[tokio::test]
async fn a_reset_in_flight_fails_the_call_at_once() {
    let server = Raw::start(|mut stream, _| async move {
        let _ = read_request(&mut stream).await;
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let start = Instant::now();
    let error = soon(connection.dispatch(request_within("{}", Duration::from_secs(30)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(connection.state(), ConnectionState::Ready, "the next call makes a new socket");
}

#[tokio::test]
async fn a_streamed_request_needs_http2() {
    let server = Raw::start(|stream, _| echo(stream)).await;
    let mut options = DialOptions::default();
    options.protocols = vec!["http/1.1".to_owned()];
    let connection = dial(server.address, &options).await;
    let body = BodyStream::of([Frame::Data("{}".into())]);
    let error = soon(connection.dispatch(Request::new(head(), Body::Stream(body)))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unimplemented, false));
    for told in ["HTTP/2 or the lane", "`protocols`", &server.address.to_string()] {
        assert!(error.detail().contains(told), "{error}");
    }
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
}

#[tokio::test]
async fn nothing_is_left_when_a_connection_is_dropped() {
    let server = Raw::start(|mut stream, _| async move {
        while let Some((_, body)) = read_request(&mut stream).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if stream.write_all(b"").await.is_ok() {
                write_answer(&mut stream, &body).await;
            }
        }
    })
    .await;
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    for round in 0..10 {
        let connection = dial(server.address, &DialOptions::default()).await;
        let calls = (0..8).map(|_| connection.dispatch(request("{}"))).collect::<Vec<_>>();
        if round % 2 == 0 {
            // Its calls hold it.
            drop(connection);
        }
        soon(join_all(calls)).await.into_iter().for_each(|result| assert!(result.is_ok()));
    }
    server.until_open(0).await;
    soon(async {
        while tokio::runtime::Handle::current().metrics().num_alive_tasks() > tasks {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn odd_options_are_no_panic() {
    let server = Raw::start(|stream, _| echo(stream)).await;
    for (time, size) in [(Duration::MAX, usize::MAX), (Duration::ZERO, 1)] {
        let mut options = DialOptions::default();
        (options.pool_ttl, options.pool_size) = (time, size);
        (options.keep_alive, options.keep_alive_timeout) = (time, time);
        if time > Duration::ZERO {
            options.timeout = time;
        }
        let connection = dial(server.address, &options).await;
        let calls = join_all((0..3).map(|_| connection.dispatch(request("{}"))));
        for result in soon(calls).await {
            assert_eq!(text(&result.unwrap()), "{}");
        }
    }
}
