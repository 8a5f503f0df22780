//! Answers over HTTP/1.1, good and bad ones, of servers that speak it by hand.

use std::time::Duration;

use micro_core::{Body, Code, Frame, Request};
use micro_transport::DialOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http_client::{Raw, answering, dial, head, read_request, request, soon, text, write_answer};

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
    const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/connect+json\r\n";
    let mut options = DialOptions::default();
    options.max_message = 1000;
    let mut plain = options.clone();
    plain.protocols = vec!["http/1.1".to_owned()];
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{{}}", u64::MAX - 1),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX - 2),
        format!("{CHUNKED}ffffffffffffffff\r\n"),
        format!("{CHUNKED}fffffffffffffffff\r\n"),
        format!("{CHUNKED}10000000000000000;a=b\r\nbeginning"),
        format!("{CHUNKED}3e9;a=b\r\nbeginning"),
        format!("{STREAM}{}\r\n\0\x7f\0\0\0", "Content-Length: 5\r\n"),
        format!("{STREAM}\r\n\0\x7f\0\0\0"),
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
