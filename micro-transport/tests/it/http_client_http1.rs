//! Calls over HTTP/1.1, to servers that speak it by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use micro_core::{Body, BodyStream, Code, Frame, Request};
use micro_transport::{ConnectionState, DialOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http_client::{
    Raw, answering, dial, echo, head, read_request, request, request_within, soon, text, write_answer,
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
async fn answers_of_any_framing() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"a\":1}",
        "HTTP/1.0 200 OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: 7\r\n\r\n{\"a\":1}",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
    ] {
        let server = answering(answer).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let response = soon(connection.dispatch(request("{}"))).await.unwrap();
        assert_eq!(text(&response), "{\"a\":1}", "{answer}");
    }
}

#[tokio::test]
async fn metadata_and_trailers_of_an_answer() {
    let server = answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTenant: acme\r\nSig-Bin: AP8\r\nTransfer-Encoding: chunked\r\n\
         Trailer: Count\r\n\r\n2\r\n{}\r\n0\r\nCount: 7\r\n\r\n",
    )
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let response = soon(connection.dispatch(request("{}"))).await.unwrap();
    assert_eq!(response.metadata().get("tenant"), Some("acme"));
    assert_eq!(response.metadata().get_bin("sig-bin"), Some(&[0, 255][..]));
    assert_eq!(response.metadata().len(), 2);
    assert_eq!(response.trailers().get("count"), Some("7"));
}

#[tokio::test]
async fn what_is_in_between_may_refuse() {
    for (answer, code, has) in [
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 12\r\n\r\n<b>no\nbackend", Code::Unavailable, "502"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nstop", Code::PermissionDenied, "stop"),
        ("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", Code::Unknown, "301"),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<html>log",
            Code::Internal,
            "<html>log",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 44\r\n\r\nunsupported Content-Type: application/x-what\n",
            Code::Unimplemented,
            "unsupported Content-Type",
        ),
    ] {
        let server = answering(answer).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.detail().contains(has), "{error}");
    }
}

#[tokio::test]
async fn a_long_refusal_is_quoted_in_part() {
    let server = answering(format!("HTTP/1.1 500 No\r\n\r\n{}", "x".repeat(1_000_000))).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert!(error.detail().len() < 1024, "{}", error.detail().len());
}

#[tokio::test]
async fn answers_above_the_limit() {
    let mut options = DialOptions::default();
    options.max_message = 1000;
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n".to_owned(),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            "1f4\r\n".to_owned() + &"x".repeat(500) + "\r\n"
        ) + &("1f5\r\n".to_owned() + &"x".repeat(501) + "\r\n"),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001)),
    ] {
        let server = answering(answer).await;
        let connection = dial(server.address, &options).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::ResourceExhausted, true), "{error}");
        assert!(error.detail().contains("max_message") && error.detail().contains("1000"), "{error}");
    }
    let server = answering(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000))).await;
    let connection = dial(server.address, &options).await;
    assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()).len(), 1000);
}

/// Answers the first request of each connection with these bytes, and says nothing more.
async fn beginning(bytes: String) -> Raw {
    Raw::start(move |mut stream, _| {
        let bytes = bytes.clone();
        async move {
            if read_request(&mut stream).await.is_some() {
                let _ = stream.write_all(bytes.as_bytes()).await;
                let _ = stream.read_u8().await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_not_waited_for() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
    let mut options = DialOptions::default();
    options.max_message = 1000;
    let mut plain = options.clone();
    plain.protocols = vec!["http/1.1".to_owned()];
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{{}}", u64::MAX - 1),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX - 2),
        format!("{CHUNKED}ffffffffffffffff\r\n"),
        format!("{CHUNKED}3e9;a=b\r\nbeginning"),
        format!("{CHUNKED}3e8\r\n{}\r\n1\r\n", "x".repeat(1000)),
        format!("HTTP/1.1 103 Early Hints\r\n\r\n{CHUNKED}3\r\nabc\r\nffffffffffffffff\r\nx"),
    ] {
        for options in [&options, &plain] {
            let server = beginning(answer.clone()).await;
            let connection = dial(server.address, options).await;
            let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
            assert_eq!((error.code(), error.reached()), (Code::ResourceExhausted, true), "{answer}: {error}");
            for told in ["max_message", "1000 bytes", &server.address.to_string()] {
                assert!(error.detail().contains(told), "{answer}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn chunks_are_waited_for_as_long_as_they_are_within_the_limit() {
    let server = Raw::start(|mut stream, _| async move {
        while read_request(&mut stream).await.is_some() {
            for piece in [
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n",
                &"x".repeat(250),
                &format!("{}\r\n1", "x".repeat(250)),
                &format!("f4\r\n{}\r\n", "x".repeat(500)),
                "0\r\nCount: 7\r\n\r\n",
            ] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    })
    .await;
    let mut options = DialOptions::default();
    options.max_message = 1000;
    let connection = dial(server.address, &options).await;
    for _ in 0..3 {
        let response = soon(connection.dispatch(request("{}"))).await.unwrap();
        assert_eq!(text(&response).len(), 1000);
        assert_eq!(response.trailers().get("count"), Some("7"));
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_head_above_the_limits_says_which() {
    for head in ["a: b\r\n".repeat(150), format!("a: {}\r\n", "x".repeat(1 << 20))] {
        let server = beginning(format!("HTTP/1.1 200 OK\r\n{head}\r\n")).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::Internal, true));
        assert!(error.detail().contains("256 KiB, or has more than 100 lines"), "{error}");
    }
}

#[tokio::test]
async fn garbage_is_an_error() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut noise = Vec::new();
    for _ in 0..10_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        noise.push(random as u8);
    }
    for garbage in [
        noise,
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_vec(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n".to_vec(),
        [b"HTTP/1.1 200 OK\r\n", &*b"a: b\r\n".repeat(100_000)].concat(),
        [b"HTTP/1.1 200 OK\r\na: ", &*b"x".repeat(1_000_000)].concat(),
        b"".to_vec(),
    ] {
        let beginning = String::from_utf8_lossy(&garbage[..garbage.len().min(40)]).into_owned();
        let server = answering(garbage).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert!(matches!(error.code(), Code::Internal | Code::Unavailable), "{beginning:?}: {error}");
        assert!(error.reached(), "{beginning:?}: {error}");
    }
}

#[tokio::test]
async fn what_comes_unasked_ends_the_socket() {
    let server = Raw::start(|mut stream, number| async move {
        if let Some((_, body)) = read_request(&mut stream).await {
            write_answer(&mut stream, &format!("{{\"of\":{number},\"is\":{body}}}")).await;
            // A second answer, which belongs to nobody.
            write_answer(&mut stream, "{\"stray\":true}").await;
            let _ = stream.read_u8().await;
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for number in 0..3 {
        let response = soon(connection.dispatch(request("7"))).await.unwrap();
        assert_eq!(text(&response), format!("{{\"of\":{number},\"is\":7}}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
async fn a_server_may_refuse_before_it_has_read_all() {
    let server = Raw::start(|mut stream, _| async move {
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let error = r#"{"code":413,"detail":"too large","grpc":8,"reached":false}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nMicro-Error: {error}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        // What it does not read would become a reset, which destroys the answer.
        let mut rest = [0; 65536];
        while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for _ in 0..5 {
        let body = Body::One(vec![b'x'; 8_000_000].into());
        let error = soon(connection.dispatch(Request::new(head(), body))).await.unwrap_err();
        assert_eq!(
            (error.code(), error.detail(), error.reached()),
            (Code::ResourceExhausted, "too large", false)
        );
    }
}

#[tokio::test]
async fn a_streamed_answer_over_http1() {
    let server = Raw::start(|mut stream, _| async move {
        while let Some((head, _)) = read_request(&mut stream).await {
            assert!(head.contains("application/connect+json"), "{head}");
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            for envelope in [&b"\0\0\0\0\x011"[..], b"\0\0\0\0\x012", b"\x02\0\0\0\x02{}"] {
                stream.write_all(format!("{:x}\r\n", envelope.len()).as_bytes()).await.unwrap();
                stream.write_all(&[envelope, b"\r\n"].concat()).await.unwrap();
            }
            stream.write_all(b"0\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for _ in 0..3 {
        let response = soon(connection.dispatch(request("{}"))).await.unwrap();
        let Body::Stream(mut answers) = response.body else { panic!("{:?}", response.body) };
        for text in ["1", "2"] {
            assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), Frame::Data(text.into()));
        }
        assert!(soon(answers.frame()).await.is_none());
    }
    // One that is given up closes its socket.
    let response = soon(connection.dispatch(request("{}"))).await.unwrap();
    drop(response);
    server.until_open(0).await;
}

#[tokio::test]
async fn a_chunk_of_a_stream_may_hold_many_messages() {
    let server = Raw::start(|mut stream, _| async move {
        read_request(&mut stream).await.unwrap();
        let messages = b"\0\0\0\0\x011".repeat(500);
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\nTransfer-Encoding: chunked\r\n\r\n";
        let size = format!("{:x}\r\n", messages.len() + 7);
        stream.write_all(&[head.as_bytes(), size.as_bytes(), &messages[..1500]].concat()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(&[&messages[1500..], b"\x02\0\0\0\x02{}\r\n0\r\n\r\n"].concat()).await.unwrap();
        let _ = stream.read_u8().await;
    })
    .await;
    let mut options = DialOptions::default();
    options.max_message = 1000;
    let connection = dial(server.address, &options).await;
    let response = soon(connection.dispatch(request("{}"))).await.unwrap();
    let Body::Stream(mut answers) = response.body else { panic!("{:?}", response.body) };
    for _ in 0..500 {
        assert_eq!(soon(answers.frame()).await.unwrap().unwrap(), Frame::Data("1".into()));
    }
    assert!(soon(answers.frame()).await.is_none());
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
