//! Servers that do what none should, and what their callers are told.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use micro_core::{
    Address, Body, Call, Code, Deadline, Error, Frame as Piece, Head, Request, Response, Result, Route,
};
use micro_transport::{Connection, ConnectionState, DialOptions, Http, Transport};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::wire::*;
use crate::http_server::LONG;

/// A client, and the server that it is connected to, which says these things of itself.
async fn pair(fields: &[(u16, u64)]) -> (Arc<dyn Connection>, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = async {
        let mut wire = Wire::of(listener.accept().await.unwrap().0);
        wire.send([PREFACE, &hello(fields)].concat()).await;
        wire.greeted().await;
        wire
    };
    let mut options = DialOptions::default();
    options.protocols = vec!["lane/1".to_owned()];
    let address = Address::from(address);
    let (connection, wire) = tokio::join!(Http.dial(&address, &options), serving);
    (connection.unwrap(), wire)
}

fn request(message: impl Into<Bytes>) -> Request {
    let head = Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON);
    Request::new(head, Body::One(message.into()))
}

/// A call on its way: it is polled.
fn calls(
    connection: &Arc<dyn Connection>,
    message: impl Into<Bytes>,
) -> tokio::task::JoinHandle<Result<Response>> {
    tokio::spawn(connection.dispatch(request(message)))
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(LONG, future).await.expect("it hangs")
}

async fn outcome(call: tokio::task::JoinHandle<Result<Response>>) -> Result<Response> {
    soon(call).await.unwrap()
}

async fn error(call: tokio::task::JoinHandle<Result<Response>>) -> Error {
    outcome(call).await.map(drop).unwrap_err()
}

fn text(response: Response) -> Bytes {
    match response.body {
        Body::One(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

impl Wire {
    /// The next frame of this kind.
    async fn next(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.frame().await.expect("closed");
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// The number of the next call.
    async fn called(&mut self) -> u32 {
        self.next(CALL).await.id
    }

    /// The number of the next call that has come whole.
    async fn called_whole(&mut self) -> u32 {
        let call = self.next(CALL).await;
        if call.payload[0] & MORE != 0 {
            while self.next(DATA).await.payload[0] != LAST {}
        }
        call.id
    }
}

fn reply(id: u32, message: impl AsRef<[u8]>) -> Vec<u8> {
    frame(REPLY, id, [&[BODY][..], message.as_ref()].concat())
}

fn streamed(id: u32) -> Vec<u8> {
    frame(REPLY, id, [STREAM])
}

fn reply_in_parts(id: u32, total: u32, first: impl AsRef<[u8]>) -> Vec<u8> {
    frame(REPLY, id, [&[BODY | MORE][..], &total.to_be_bytes(), first.as_ref()].concat())
}

/// What a server says to a call and may not: it is told what was wrong, and the call is lost with the connection.
async fn breaks(says: impl FnOnce(u32) -> Vec<u8>, words: &str) {
    let (connection, mut wire) = pair(&[]).await;
    let call = tokio::spawn({
        let call = connection.dispatch(request("{}"));
        async move {
            match call.await?.body {
                Body::Stream(mut stream) => loop {
                    match stream.frame().await {
                        Some(Ok(_)) => {}
                        Some(Err(error)) => return Err(error),
                        None => return Ok(()),
                    }
                },
                _ => Ok(()),
            }
        }
    });
    let id = soon(wire.called()).await;
    wire.send(says(id)).await;
    let (code, why) = soon(wire.gone()).await.expect("it is closed without a word");
    assert!(code == PROTOCOL && why.contains(words), "{code}: {why}");
    if let Err(error) = soon(call).await.unwrap() {
        assert!(error.code() == Code::Unavailable && error.reached(), "{error}");
    }
    soon(connection.changed(ConnectionState::Ready)).await;
}

macro_rules! rules {
    ($($name:ident => $says:expr, $words:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            breaks($says, $words).await;
        }
    )+};
}

rules! {
    an_answer_to_a_call_that_does_not_run => |id| reply(id + 1, "{}"), "does not run";
    an_answer_that_comes_twice => |id| reply(id, "{}").repeat(2), "does not run";
    an_end_of_a_call_that_does_not_run => |_| end(999), "does not run";
    a_stream_that_is_answered_twice => |id| streamed(id).repeat(2), "does not run";
    an_answer_within_an_answer_in_parts => |id| [reply_in_parts(id, 9, "a"), frame(REPLY, id, [0])].concat(), "does not run";
    a_message_without_an_answer => |id| data(id, WHOLE, "{}"), "does not run";
    a_part_without_an_answer => |id| data(id, LAST, "{}"), "does not run";
    a_message_behind_a_first_part => |id| [reply_in_parts(id, 9, "a"), data(id, WHOLE, "{}")].concat(), "within another";
    an_end_without_an_answer => end, "without an answer";
    an_end_of_an_answer_in_parts => |id| [reply_in_parts(id, 9, "a"), end(id)].concat(), "without an answer";
    parts_above_their_total => |id| [reply_in_parts(id, 3, "a"), data(id, LAST, "abcd")].concat(), "the 3 bytes";
    parts_below_their_total => |id| [reply_in_parts(id, 3, "a"), data(id, LAST, "a")].concat(), "the 3 bytes";
    a_call_from_a_server => |_| call(1, "Greeter.Hello", "{}"), "does not send";
    a_cancel_from_a_server => cancel, "does not send";
    a_route_from_a_server => |_| frame(ROUTE, 1, [0; 4]), "does not send";
    a_block_from_a_server => |_| frame(BLOCK, 1, []), "does not send";
    a_format_from_a_server => |_| frame(FORMAT, 16, []), "does not send";
    another_hello_from_a_server => |_| hello(&[]), "does not send";
    a_frame_that_nobody_knows => |id| frame(0x0e, id, ""), "kind 0x0e";
    an_absurd_length => |_| vec![0xff, 0xff, 0xff, REPLY, 0, 0, 0, 1], "longer than max_frame";
    credit_that_is_too_much => |_| credit(0, i32::MAX as u32).repeat(2), "more credit";
    a_stream_above_its_credit => |id| [streamed(id), data(id, WHOLE, [0; 131_072]).repeat(30)].concat(), "credit";
    metadata_above_a_header => |id| frame(REPLY, id, [&[4, 0, 1, 0, 5, 5, 0, 1, 0, 0][..], &[b'x'; 65_536]].concat()), "max_header";
    trailing_metadata_above_a_header => |id| [streamed(id), frame(END, id, [&[2, 5, 0, 1, 0, 0][..], &[b'x'; 65_536]].concat())].concat(), "max_header";
}

/// The server has seen the call whole: it may have been made, wherever its answer breaks off.
#[tokio::test]
async fn a_server_that_closes_at_any_byte_of_its_answer() {
    let answers = [
        reply(1, "{}"),
        [reply_in_parts(1, 3, "a"), data(1, MIDDLE, "b"), data(1, LAST, "c")].concat(),
        frame(END, 1, br#"{"code":400,"detail":"no"}"#),
    ];
    for answer in answers {
        for end in 0..answer.len() {
            let (connection, mut wire) = pair(&[]).await;
            let call = calls(&connection, "{}");
            assert_eq!(soon(wire.called()).await, 1);
            wire.send(&answer[..end]).await;
            drop(wire);
            let error = error(call).await;
            assert!(error.code() == Code::Unavailable && error.reached(), "{end}: {error}");
        }
    }
}

/// A long call is not seen before its last part is there.
#[tokio::test]
async fn a_server_that_closes_within_a_long_call() {
    // More than the kernel keeps of it.
    let message = vec![b'x'; 40 << 20];
    for (read, whole) in [(1, false), (20, false), (usize::MAX, true)] {
        let (connection, mut wire) = pair(&[(2, 64 << 20)]).await;
        let call = calls(&connection, message.clone());
        if whole {
            soon(wire.called_whole()).await;
        } else {
            for _ in 0..read {
                soon(wire.frame()).await.unwrap();
            }
        }
        // Closed with bytes unread, it is reset.
        drop(wire);
        let error = error(call).await;
        assert!(error.code() == Code::Unavailable && error.reached() == whole, "{read}: {error}");
    }
}

#[tokio::test]
async fn a_call_that_waits_behind_others_in_parts_is_not_seen() {
    let (connection, mut wire) = pair(&[(2, 64 << 20), (8, 1)]).await;
    // More than the kernel keeps of it.
    let message = vec![b'x'; 40 << 20];
    let first = calls(&connection, message.clone());
    soon(wire.called()).await;
    let second = calls(&connection, message);
    tokio::time::sleep(A_WHILE).await;
    drop(wire);
    assert!(!error(first).await.reached());
    assert!(!error(second).await.reached());
}

/// The number of a call that never went out is free at once, and others can have it.
#[tokio::test]
async fn a_long_call_that_is_dropped_before_it_goes_out() {
    let (connection, mut wire) = pair(&[(1, 2), (2, 64 << 20), (8, 1)]).await;
    let first = calls(&connection, vec![b'x'; 16 << 20]);
    assert_eq!(soon(wire.called()).await, 1);
    for _ in 0..10 {
        let second = calls(&connection, vec![b'x'; 1 << 20]);
        tokio::time::sleep(Duration::from_millis(20)).await;
        second.abort();
        let _ = second.await;
    }
    let third = calls(&connection, "{}");
    let frame = soon(wire.next(CALL)).await;
    assert_eq!((frame.id, frame.payload[0] & MORE), (2, 0));
    wire.send([reply(2, "ok"), reply(1, "early")].concat()).await;
    assert_eq!(text(outcome(third).await.unwrap()), "ok");
    assert_eq!(text(outcome(first).await.unwrap()), "early");
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let (connection, mut wire) = pair(&[(1, 1)]).await;
    let mut late = request("{}");
    late.head.deadline = Some(Deadline::after(Duration::from_millis(200)));
    let call: Call = connection.dispatch(late);
    let call = tokio::spawn(call);
    let id = soon(wire.called()).await;
    assert_eq!(error(call).await.code(), Code::DeadlineExceeded);
    assert_eq!(soon(wire.next(CANCEL)).await.id, id);
    // The number stays with it until the server has said the last word.
    let next = calls(&connection, "{}");
    assert!(timeout(A_WHILE, wire.called()).await.is_err(), "its number is used again");
    wire.send(frame(END, id, b"\x01{\"code\":499}")).await;
    assert_eq!(soon(wire.called()).await, id);
    wire.send(reply(id, "{}")).await;
    outcome(next).await.unwrap();
}

/// A deadline holds where nothing can be written, too.
#[tokio::test]
async fn a_server_that_reads_nothing() {
    let (connection, _wire) = pair(&[(2, 64 << 20)]).await;
    let stuck = calls(&connection, vec![b'x'; 32 << 20]);
    tokio::time::sleep(A_WHILE).await;
    for _ in 0..3 {
        let mut late = request("{}");
        late.head.deadline = Some(Deadline::after(Duration::from_millis(200)));
        let start = tokio::time::Instant::now();
        let error = soon(connection.dispatch(late)).await.map(drop).unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }
    stuck.abort();
}

#[tokio::test]
async fn a_message_above_the_limit_fails_its_call_alone() {
    let (connection, mut wire) = pair(&[(1, 1)]).await;
    for _ in 0..100 {
        let call = calls(&connection, "{}");
        let id = soon(wire.called()).await;
        wire.send([reply_in_parts(id, 5 << 20, "a"), data(id, MIDDLE, "b")].concat()).await;
        let error = error(call).await;
        assert!(error.detail().contains("max_message"), "{error}");
        assert_eq!(soon(wire.next(CANCEL)).await.id, id);
        // It was on its way to the end already.
        wire.send(data(id, LAST, "c")).await;
    }
    let call = calls(&connection, "{}");
    let id = soon(wire.called()).await;
    wire.send(reply(id, "fine")).await;
    assert_eq!(text(outcome(call).await.unwrap()), "fine");
}

#[tokio::test]
async fn a_message_of_a_stream_above_the_limit_gives_its_credit_back() {
    let (connection, mut wire) = pair(&[]).await;
    for _ in 0..100 {
        let call = calls(&connection, "{}");
        let id = soon(wire.called()).await;
        wire.send([streamed(id), first(id, u32::MAX, "a")].concat()).await;
        let Body::Stream(mut stream) = outcome(call).await.unwrap().body else { panic!("no stream") };
        let failed = soon(stream.frame()).await.unwrap().unwrap_err();
        assert!(failed.detail().contains("max_message"), "{failed}");
        let (mut back, mut cancelled) = (0_u64, false);
        while !cancelled || back < u64::from(u32::MAX) + 32 {
            let frame = soon(wire.frame()).await.expect("closed");
            match frame.kind {
                CREDIT => back += u64::from(u32::from_be_bytes(frame.payload.try_into().unwrap())),
                CANCEL => cancelled = true,
                _ => {}
            }
        }
        assert_eq!(back, u64::from(u32::MAX) + 32);
        wire.send(frame(END, id, b"\x01{\"code\":499}")).await;
    }
}

#[tokio::test]
async fn a_server_that_goes_in_the_middle() {
    let (connection, mut wire) = pair(&[]).await;
    let call = calls(&connection, "{}");
    let id = soon(wire.called()).await;
    wire.send(goaway(NONE)).await;
    assert_eq!(soon(wire.next(GOAWAY)).await.payload[0], NONE);
    soon(connection.changed(ConnectionState::Ready)).await;
    wire.send(reply(id, "late")).await;
    assert_eq!(text(outcome(call).await.unwrap()), "late");
    assert!(soon(wire.frame()).await.is_none(), "it stays");
}

#[tokio::test]
async fn a_server_that_goes_angrily() {
    for code in [PROTOCOL, FLOOD, IDLE, 99] {
        let (connection, mut wire) = pair(&[]).await;
        let call = calls(&connection, "{}");
        soon(wire.called()).await;
        wire.send(frame(GOAWAY, 0, [&[code, 0, 0, 0, 0][..], b"because"].concat())).await;
        drop(wire);
        let error = error(call).await;
        assert!(error.reached() && error.detail().contains("because"), "{error}");
    }
}

/// What begins no lane: the dialler is told, and that nothing was reached.
#[tokio::test]
async fn servers_that_say_no_hello() {
    let says: [&[u8]; 8] = [
        b"",
        b"\x89LANE",
        PREFACE,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x89LANE\r\n\x07",
        &[PREFACE, &ping()[..]].concat(),
        &[PREFACE, &hello(&[(3, 7)])[..]].concat(),
        &[PREFACE, &frame(GOAWAY, 0, [6, 0, 0, 0, 9])[..]].concat(),
    ];
    for bytes in says {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = Address::from(listener.local_addr().unwrap());
        let mut options = DialOptions::default();
        options.protocols = vec!["lane/1".to_owned()];
        let serving = async {
            let mut wire = Wire::of(listener.accept().await.unwrap().0);
            wire.send(bytes).await;
        };
        let (dialled, ()) = soon(async { tokio::join!(Http.dial(&address, &options), serving) }).await;
        let error = dialled.map(drop).unwrap_err();
        assert!(!error.reached(), "{}: {error}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn a_server_that_pings_without_end() {
    let (connection, mut wire) = pair(&[]).await;
    let call = calls(&connection, "{}");
    let id = soon(wire.called()).await;
    wire.send(streamed(id)).await;
    let answer = outcome(call).await.unwrap();
    let Body::Stream(mut stream) = answer.body else { panic!("no stream") };
    let reading = tokio::spawn(async move {
        loop {
            match stream.frame().await {
                Some(Ok(Piece::Data(_))) => {}
                other => return other,
            }
        }
    });
    // Between them come messages, and it reads none of the answers.
    let flood = [frame(PING, 0, [1; 8]).repeat(5_000), data(id, WHOLE, "")].concat();
    let mut ended = false;
    for _ in 0..1_000 {
        if !wire.send(&flood).await {
            ended = true;
            break;
        }
    }
    assert!(ended, "it goes on");
    let error = soon(reading).await.unwrap().unwrap().unwrap_err();
    assert!(error.detail().contains("flood") || error.detail().contains("more"), "{error}");
}

#[tokio::test]
async fn all_streams_of_a_server_are_within_the_credit_of_the_connection() {
    let (connection, mut wire) = pair(&[]).await;
    let mut kept = Vec::new();
    let mut bytes = Vec::new();
    for _ in 0..90 {
        let call = calls(&connection, "{}");
        let id = soon(wire.called()).await;
        wire.send(streamed(id)).await;
        kept.push(outcome(call).await.unwrap());
        bytes.extend(data(id, WHOLE, [0; 131_000]).repeat(2));
    }
    wire.send(bytes).await;
    let (code, why) = soon(wire.gone()).await.expect("closed without a word");
    assert!(code == PROTOCOL && why.contains("credit"), "{why}");
}

/// A message and the metadata beside it are together no longer than a frame.
#[tokio::test]
async fn metadata_beside_a_message_that_fills_a_frame() {
    let (connection, mut wire) = pair(&[(2, 64 << 20)]).await;
    for size in [131_072 - 200, 131_072, 131_073, 300_000] {
        let mut long = request(vec![b'x'; size]);
        long.head.metadata.insert("note", "y".repeat(1_000)).unwrap();
        let call = tokio::spawn(connection.dispatch(long));
        let first = soon(wire.next(CALL)).await;
        assert!(first.payload.len() <= 131_072 + 64, "a frame of {} bytes", first.payload.len());
        while soon(wire.next(DATA)).await.payload[0] != LAST {}
        wire.send(reply(first.id, "ok")).await;
        assert_eq!(text(outcome(call).await.unwrap()), "ok");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_calls() {
    let (connection, _wire) = pair(&[(1, 0)]).await;
    let mut late = request("{}");
    late.head.deadline = Some(Deadline::after(Duration::from_millis(200)));
    let error = soon(connection.dispatch(late)).await.map(drop).unwrap_err();
    assert!(!error.reached(), "{error}");
}
