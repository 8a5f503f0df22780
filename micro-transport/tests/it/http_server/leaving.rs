//! Callers over HTTP/1.1 that go away, or close their side, with and without bytes behind their request.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use micro_core::Code;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::app::App;
use super::raw::{Raw, ask, json, post};
use super::{LONG, Server, options};

/// How somebody goes away.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Leaving {
    Close,
    Reset,
    /// It closes its side, and still reads.
    Half,
}

const ALL: [Leaving; 3] = [Leaving::Close, Leaving::Reset, Leaving::Half];

/// A request of which a handler that never ends makes its answer without end.
fn flood() -> String {
    post("/Test/Flood", "Accept: application/connect+json\r\nContent-Type: application/json\r\n", "")
}

/// The handler of a caller that goes away is dropped within a second, and its place is free.
async fn cancels(request: String, behind: Vec<u8>, at_once: bool, leaving: Leaving) {
    let case = format!("{leaving:?}, {} bytes behind `{request:.20}`, at once: {at_once}", behind.len());
    let app = App::new();
    let mut options = options();
    options.max_calls = 1;
    let server = Server::with(options, &app).await;
    let mut raw = Raw::to(server.address).await;
    if at_once {
        raw.send([request.as_bytes(), &behind].concat()).await;
        app.until_running(1).await;
    } else {
        raw.send(&request).await;
        app.until_running(1).await;
        // In two pieces: hyper reads the first one of what comes behind.
        let (first, second) = behind.split_at(behind.len() / 2);
        raw.send(first).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        raw.send(second).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(app.running(), 1, "{case}: it was cancelled before");

    let began = Instant::now();
    let raw = leave(raw, leaving).await;
    app.until_running(0).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{case}: after {:?}", began.elapsed());
    assert_eq!(ask(server.address, json("/Greeter/Hello", "{}")).await.status(), 200, "{case}");
    // Of an answer that has begun there is only the end.
    let Some(mut raw) = raw.filter(|_| request != flood()) else { return };
    let said = raw.answer().await;
    let error = said.error();
    assert_eq!(
        (said.status(), error.code(), error.reason()),
        (499, Code::Cancelled, "CALLER_LEFT"),
        "{case}"
    );
    assert!(error.reached(), "{case}: its handler ran");
    assert!(raw.rest().await.is_empty(), "{case}");
}

async fn leave(mut raw: Raw, leaving: Leaving) -> Option<Raw> {
    match leaving {
        Leaving::Close => return None,
        Leaving::Reset => {
            socket2::SockRef::from(&raw.socket).set_linger(Some(Duration::ZERO)).unwrap();
            return None;
        }
        Leaving::Half => raw.socket.shutdown().await.unwrap(),
    }
    Some(raw)
}

async fn all_cancel(request: &str, behind: &[u8]) {
    join_all(ALL.into_iter().flat_map(|leaving| {
        [false, true].map(|at_once| cancels(request.to_owned(), behind.to_vec(), at_once, leaving))
    }))
    .await;
}

#[tokio::test]
async fn nothing_behind() {
    all_cancel(&json("/Test/Wait", ""), b"").await;
}

#[tokio::test]
async fn garbage_behind() {
    all_cancel(&json("/Test/Wait", ""), b"nul\xec").await;
}

#[tokio::test]
async fn a_request_behind() {
    all_cancel(&json("/Test/Wait", ""), json("/Greeter/Hello", "{}").as_bytes()).await;
}

#[tokio::test]
async fn half_a_request_behind() {
    all_cancel(&json("/Test/Wait", ""), b"POST /Greeter/Hello HTTP/1.1\r\nHost").await;
}

#[tokio::test]
async fn hundreds_of_requests_behind() {
    all_cancel(&json("/Test/Wait", ""), json("/Greeter/Hello", "{}").repeat(400).as_bytes()).await;
}

#[tokio::test]
async fn nothing_behind_a_stream() {
    all_cancel(&flood(), b"").await;
}

#[tokio::test]
async fn garbage_behind_a_stream() {
    all_cancel(&flood(), b"nul\xec").await;
}

#[tokio::test]
async fn a_request_behind_a_stream() {
    all_cancel(&flood(), json("/Greeter/Hello", "{}").as_bytes()).await;
}

/// Who stays is answered in order, however much it sends behind a request that takes its time.
#[tokio::test]
async fn requests_behind_a_call_that_runs_are_answered_in_order() {
    const COUNT: usize = 3_000;
    for one_by_one in [false, true] {
        let app = App::new();
        let server = Server::with(options(), &app).await;
        let mut raw = Raw::to(server.address).await;
        raw.send(json("/Test/Wait", "")).await;
        app.until_running(1).await;
        let hello = |number: usize| json("/Greeter/Hello", &format!(r#"{{"name":"{number}"}}"#));
        if one_by_one {
            for number in 0..COUNT {
                raw.send(hello(number)).await;
            }
        } else {
            raw.send((0..COUNT).map(hello).collect::<String>()).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(app.running(), 1);
        app.go.notify_waiters();
        assert_eq!(raw.answer().await.body(), "\"waited\"");
        for number in 0..COUNT {
            assert_eq!(raw.answer().await.body(), format!(r#"{{"msg":"Hello {number}"}}"#));
        }
    }
}

/// While a call runs, what comes behind it takes up a bounded room here: its sender has to wait.
#[tokio::test]
async fn what_is_behind_a_call_that_runs_is_bounded() {
    /// More than what the kernel holds of it on both sides.
    const MOST: usize = 64 << 20;
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Wait", "")).await;
    app.until_running(1).await;
    let piece = vec![b'x'; 64 * 1024];
    let mut sent = 0;
    while sent < MOST {
        match timeout(Duration::from_millis(500), raw.socket.write(&piece)).await {
            Ok(count) => sent += count.unwrap(),
            Err(_) => break,
        }
    }
    assert!(sent < MOST, "all of it was read");
    app.go.notify_waiters();
    assert_eq!(raw.answer().await.body(), "\"waited\"");
}

#[tokio::test]
async fn half_a_close_is_answered() {
    let server = Server::start().await;
    for path in ["/Greeter/Hello", "/Test/Sleep"] {
        let mut raw = Raw::to(server.address).await;
        raw.send(json(path, "50")).await;
        raw.socket.shutdown().await.unwrap();
        let said = raw.answer().await;
        assert_eq!(said.header("content-type"), Some("application/json"), "{path}");
        raw.rest().await;
    }
}

/// Each request before the half close has the time of one.
#[tokio::test]
async fn all_that_was_sent_before_half_a_close_is_answered() {
    const COUNT: usize = 14;
    let server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Sleep", "50").repeat(COUNT)).await;
    raw.socket.shutdown().await.unwrap();
    for number in 0..COUNT {
        assert_eq!(raw.answer().await.body(), "\"slept\"", "{number}");
    }
    assert!(raw.rest().await.is_empty());
}

/// Who closed its side may take its time to read an answer that is whole.
#[tokio::test]
async fn a_whole_answer_is_handed_over_after_half_a_close() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    for behind in ["", "nul"] {
        let mut raw = Raw::to(server.address).await;
        raw.send([&json("/Test/Big", ""), behind].concat()).await;
        raw.socket.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert_eq!(raw.answer().await.body.len(), 8 << 20);
        timeout(LONG, raw.rest()).await.unwrap();
    }
}
