//! Those who are slow: in asking, in sending, and in reading.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use micro_transport::ListenOptions;
use tokio::time::{sleep, timeout};

use super::frames::*;
use super::siege::Siege;
use crate::http_server::raw::{Raw, json, post as whole};
use crate::http_server::{LONG, options};

/// Short times, so that what takes too long is seen soon.
fn short() -> ListenOptions {
    let mut options = options();
    options.header_timeout = Duration::from_millis(400);
    options.message_timeout = Duration::from_millis(400);
    options
}

/// Sends bytes one at a time, for as long as somebody takes them; gives back what was said to that.
async fn drip(siege: &Siege, first: &str, then: &str) -> Raw {
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(first).await;
    let dripping = async {
        for byte in then.as_bytes().iter().cycle() {
            let mut said = [0];
            if tokio::io::AsyncWriteExt::write_all(&mut raw.socket, &[*byte]).await.is_err()
                || timeout(Duration::from_millis(20), raw.socket.peek(&mut said)).await.is_ok()
            {
                return;
            }
        }
    };
    timeout(LONG, dripping).await.expect("it may drip for ever");
    raw
}

/// Slow in HTTP/1.1: this status and reason.
async fn too_slow((first, then, status, reason): (&str, &str, u16, &str)) {
    let siege = Siege::with(short()).await;
    let mut raw = drip(&siege, first, then).await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reason(), said.error().reached()), (status, reason, false));
    assert_eq!(said.header("connection"), Some("close"));
    drop(raw);
    siege.lift().await;
}

cases! { too_slow:
    a_line => ("POST /", "a", 408, "SLOW_HEAD");
    headers => ("POST / HTTP/1.1\r\nHost: a\r\n", "A: b\r\n", 408, "SLOW_HEAD");
    a_header => ("POST / HTTP/1.1\r\nHost: a\r\nA: ", "a", 408, "SLOW_HEAD");
    lines_before_the_head => ("", "\r\n", 408, "SLOW_HEAD");
    a_body => ("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", "a", 408, "SLOW_MESSAGE");
    chunks => ("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", 408, "SLOW_MESSAGE");
    the_size_of_a_chunk => ("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "0", 408, "SLOW_MESSAGE");
    an_extension_of_a_chunk => ("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a", 408, "SLOW_MESSAGE");
    trailers => ("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: ", "a", 408, "SLOW_MESSAGE");
}

/// What begins HTTP/2 and goes no further ends without holding its place.
async fn no_beginning(first: &[u8]) {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::to(siege.server.address).await;
    wire.send(first).await;
    assert_eq!(timeout(LONG, wire.gone()).await.expect("it stays"), Ended::Closed);
    drop(wire);
    siege.lift().await;
}

cases! { no_beginning:
    the_first_line_of_a_preface => &PREFACE[..16];
    most_of_a_preface => &PREFACE[..23];
    a_preface_and_nothing => PREFACE;
    a_preface_and_half_a_frame => &[PREFACE, &settings(&[])[..8]].concat();
}

/// Half a TLS hello is no beginning either; the silence that follows it has the limit of a head.
#[tokio::test]
async fn a_byte_of_tls() {
    let siege = Siege::with(short()).await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send([0x16]).await;
    assert!(raw.rest().await.is_empty());
    siege.lift().await;
}

#[tokio::test]
async fn a_body_over_http_2() {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send([head(1, "/Test/Echo", &[]), data(1, "a")].concat()).await;
    match wire.ended(1).await {
        Ended::Answer(408, body) => assert!(body.contains("SLOW_MESSAGE"), "{body}"),
        other => panic!("{other:?}"),
    }
    // The connection has done nothing wrong.
    wire.send([head(3, "/Greeter/Hello", &[]), end(3, "{}")].concat()).await;
    assert!(matches!(wire.ended(3).await, Ended::Answer(200, _)));
    drop(wire);
    siege.lift().await;
}

/// A stream may rest between its messages for as long as it likes, and not in the middle of one.
#[tokio::test]
async fn a_message_of_a_stream() {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(head(1, "/Test/Count", &[("content-type", "application/connect+json")])).await;
    for _ in 0..2 {
        wire.send(data(1, b"\0\0\0\0\x02{}")).await;
        sleep(Duration::from_millis(600)).await;
    }
    wire.send(data(1, b"\0\0\0\0\x02{")).await;
    match wire.ended(1).await {
        Ended::Answer(200, body) => assert!(body.contains("SLOW_MESSAGE"), "{body}"),
        other => panic!("{other:?}"),
    }
    drop(wire);
    siege.lift().await;
}

/// A deadline that is shorter holds.
#[tokio::test]
async fn a_body_that_is_slower_than_its_deadline() {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTimeout: 100000000\r\nContent-Length: 5\r\n\r\na").await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reached()), (504, false));
    drop(raw);
    siege.lift().await;
}

/// A whole answer, and a stream, that nobody reads.
#[tokio::test]
async fn a_reader_of_http_1() {
    for (path, accept) in [("/Test/Big", ""), ("/Test/Flood", "Accept: application/connect+json\r\n")] {
        let siege = Siege::with(short()).await;
        let mut raw = Raw::to(siege.server.address).await;
        raw.send(whole(path, accept, "")).await;
        // The server ends it though nothing was read: nothing of the call is left while the socket is still here.
        siege.lift().await;
        drop(raw);
    }
}

/// Reads a little now and then: a whole answer is to be taken in its time all the same.
#[tokio::test]
async fn a_reader_that_sips() {
    let siege = Siege::with(short()).await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(whole("/Test/Big", "", "")).await;
    let sipping = async {
        let mut sip = [0; 1024];
        while matches!(tokio::io::AsyncReadExt::read(&mut raw.socket, &mut sip).await, Ok(1..)) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let left = tokio::select! {
        () = siege.lift() => true,
        () = sipping => false,
    };
    assert!(left, "8 MiB were sipped before the server gave up");
}

/// A reader that is slow but reads all the time is answered, however short the time without any progress would be.
#[tokio::test]
async fn a_stream_that_is_read_slowly_goes_on() {
    let siege = Siege::with(short()).await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(whole("/Test/Flood", "Accept: application/connect+json\r\n", "")).await;
    let mut buffer = vec![0; 1 << 20];
    for _ in 0..20 {
        let count = tokio::io::AsyncReadExt::read(&mut raw.socket, &mut buffer).await.unwrap();
        assert!(count > 0);
        sleep(Duration::from_millis(50)).await;
    }
    assert!(siege.app.running() >= 1);
    drop(raw);
    siege.lift().await;
}

/// A reader that rests in the middle of a stream, with its window full, for longer than the kernel asks whether a silent
/// peer lives: everything is there when it reads on.
#[tokio::test]
async fn a_stream_whose_reader_rests_goes_on() {
    /// More than the kernel's buffers hold, and what the rest is recognised by.
    const MESSAGES: usize = 1_000;
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    raw.send(whole(
        "/Test/Flood",
        "Connection: close\r\nAccept: application/connect+json\r\n",
        &MESSAGES.to_string(),
    ))
    .await;
    // Until nothing more fits in: the handler is stopped by its reader.
    let full = async {
        let mut made = 0;
        while made == 0 || siege.app.made.load(SeqCst) != made {
            made = siege.app.made.load(SeqCst);
            sleep(Duration::from_millis(500)).await;
        }
        made
    };
    assert!(timeout(LONG, full).await.expect("the buffers are never full") < MESSAGES);
    sleep(Duration::from_secs(10)).await;
    let all = raw.rest().await;
    assert_eq!(all.iter().filter(|byte| **byte == b'x').count(), MESSAGES * 16 * 1024);
    siege.lift().await;
}

/// A window that is closed, or opened by a byte at a time, does not hold an answer for ever. The connection goes on.
async fn window_tricks((given, sip): (&[(u16, u32)], bool)) {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::with(siege.server.address, given).await;
    for stream in (1..20).step_by(2) {
        wire.send(post(stream, "/Test/Big", &[])).await;
    }
    let mut resets = 0;
    while resets < 10 {
        if sip {
            wire.send((1..20).step_by(2).flat_map(|stream| window(stream, 1)).collect::<Vec<_>>()).await;
        }
        match wire.frame().await.expect("the connection ended") {
            Frame { kind: RST_STREAM, payload, .. } => {
                assert_eq!(payload, CANCEL.to_be_bytes());
                resets += 1;
            }
            Frame { kind: GOAWAY, payload, .. } => panic!("{payload:?}"),
            _ => {}
        }
    }
    wire.send(
        [settings(&[(4, 65_535)]), window(0, 1 << 20), head(1001, "/Greeter/Hello", &[]), end(1001, "{}")]
            .concat(),
    )
    .await;
    assert!(matches!(wire.ended(1001).await, Ended::Answer(200, _)));
    drop(wire);
    siege.lift().await;
}

cases! { window_tricks:
    a_window_of_nothing => (&[(4, 0)], false);
    a_window_of_a_byte => (&[(4, 1)], false);
    a_window_of_a_byte_at_a_time => (&[(4, 0)], true);
    a_window_of_the_connection_alone => (&[(4, (1 << 31) - 1)], false);
}

/// Settings that make a window negative, in the middle of an answer.
#[tokio::test]
async fn a_window_below_zero() {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(post(1, "/Test/Big", &[])).await;
    while wire.frame().await.unwrap().kind != DATA {}
    wire.send([settings(&[(4, 0)]), window(0, 1 << 20), window(1, 10)].concat()).await;
    assert_eq!(wire.ended(1).await, Ended::Reset(CANCEL));
    drop(wire);
    siege.lift().await;
}

/// A peer of HTTP/2 that never reads its socket.
#[tokio::test]
async fn a_reader_of_http_2() {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::with(siege.server.address, &[(4, (1 << 31) - 1)]).await;
    wire.send(window(0, (1 << 31) - 1 - 65_535)).await;
    for stream in (1..40).step_by(2) {
        wire.send(head(stream, "/Test/Flood", &[("accept", "application/connect+json")])).await;
        wire.send(end(stream, "")).await;
    }
    siege.lift().await;
    drop(wire);
}

/// The same with nothing but pings, whose answers nobody reads.
#[tokio::test]
async fn a_reader_of_pings() {
    let siege = Siege::with(short()).await;
    let mut wire = Wire::open(siege.server.address).await;
    let pings = frame(PING, 0, 0, [7; 8]).repeat(1_000);
    let pouring =
        async { while tokio::io::AsyncWriteExt::write_all(&mut wire.socket, &pings).await.is_ok() {} };
    timeout(LONG, pouring).await.expect("it may pour for ever");
    drop(wire);
    siege.lift().await;
}

/// Thousands of requests in one breath, whose answers nobody reads.
#[tokio::test]
async fn a_reader_of_many_answers() {
    let siege = Siege::with(short()).await;
    let mut raw = Raw::to(siege.server.address).await;
    let requests = json("/Greeter/Hello", r#"{"name":"Jane"}"#).repeat(1_000);
    let pouring = async {
        while tokio::io::AsyncWriteExt::write_all(&mut raw.socket, requests.as_bytes()).await.is_ok() {}
    };
    timeout(LONG, pouring).await.expect("it may pour for ever");
    drop(raw);
    siege.lift().await;
}
