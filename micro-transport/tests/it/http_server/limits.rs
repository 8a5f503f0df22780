//! Limits of sizes, numbers and time.

use std::time::{Duration, Instant};

use http::StatusCode;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::app::App;
use super::raw::{Raw, ask, json, post};
use super::two::{self, Two, whole};
use super::{LONG, Server, options};

const HELLO: &str = r#"{"name":"Jane"}"#;

#[tokio::test]
async fn a_message_up_to_the_limit() {
    let mut options = options();
    options.max_message = 100;
    let server = Server::with(options, &App::new()).await;
    let said = ask(server.address, post("/Test/Echo", "", &"x".repeat(100))).await;
    assert_eq!((said.status(), said.body.len()), (200, 100));
    let said = ask(server.address, post("/Test/Echo", "", &"x".repeat(101))).await;
    assert_eq!(said.status(), 413);
    let error = said.error();
    assert!(!error.reached() && error.reason() == "MESSAGE_TOO_LARGE");
    assert_eq!(error.detail(), "message of 101 bytes is above the limit of 100 bytes: see `max_message`");
    // Of one whose length is not told, too.
    let head = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("32\r\n{}\r\n", "x".repeat(50));
    let said = ask(server.address, format!("{head}{chunk}{chunk}0\r\n\r\n")).await;
    assert_eq!((said.status(), said.body.len()), (200, 100));
    let said = ask(server.address, format!("{head}{chunk}{chunk}{chunk}0\r\n\r\n")).await;
    assert!(said.error().detail().contains("more than 100"), "{}", said.body());
}

/// A sender that reads only when it has written everything, as go-micro's does.
#[tokio::test]
async fn the_sender_of_a_refused_message_reads_the_whole_answer() {
    let server = Server::start().await;
    for request in [
        json("/Test/Echo", &"x".repeat(16 * 1024 * 1024)),
        post("/", "Micro-Endpoint: Test.Echo\r\n", &"x".repeat(16 * 1024 * 1024)),
    ] {
        let mut raw = Raw::to(server.address).await;
        raw.send(request).await;
        let said = raw.answer().await;
        assert_eq!(said.error().go_micro(), 413);
        assert_eq!(said.header("connection"), Some("close"));
        assert!(raw.rest().await.is_empty());
    }
    let mut two = Two::to(server.address).await;
    for _ in 0..5 {
        let large = whole(vec![b'x'; 5 * 1024 * 1024]);
        let said = two.ask(two::post("/Test/Echo", "application/json", large)).await;
        assert_eq!(said.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    // What was refused is not in the way of what comes.
    let large = whole(vec![b'x'; 4 * 1024 * 1024]);
    let said = two.ask(two::post("/Test/Echo", "application/json", large)).await;
    assert_eq!((said.status, said.body.len()), (StatusCode::OK, 4 * 1024 * 1024));
}

/// A refusal need not cost a connection.
#[tokio::test]
async fn after_a_refusal_the_connection_goes_on() {
    let mut options = options();
    options.max_message = 100;
    let server = Server::with(options, &App::new()).await;
    let mut raw = Raw::to(server.address).await;
    for (path, headers, status) in [
        ("/Test/Echo", "Content-Type: text/html\r\n", 415),
        ("/nowhere", "", 404),
        ("/Test/Echo", "Timeout: x\r\n", 400),
        ("/Test/Echo", "", 413),
        ("/Test/Head", "Micro-Endpoint: Nope.Nope\r\nMicro-Stream: 1\r\n", 200),
    ] {
        raw.send(post(path, headers, &"x".repeat(1_000))).await;
        let said = raw.answer().await;
        assert_eq!((said.status(), said.header("connection")), (status, None), "{path} {headers}");
    }
    raw.send(json("/Greeter/Hello", HELLO)).await;
    assert_eq!(raw.answer().await.status(), 200);
}

/// Without file descriptors nothing can be accepted; with some again, everything is.
#[tokio::test]
async fn running_out_of_file_descriptors() {
    const INSIDE: &str = "MICRO_TEST_FEW_FILE_DESCRIPTORS";
    if std::env::var_os(INSIDE).is_none() {
        // The limit is the process's, so this is a process of its own.
        let this = "http_server::limits::running_out_of_file_descriptors";
        let mut shell = tokio::process::Command::new("sh");
        shell
            .args(["-c", "ulimit -n 64; exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(this);
        shell.env(INSIDE, "1").kill_on_drop(true);
        let output = timeout(LONG, shell.output()).await.expect("it hangs").unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let server = Server::start().await;
    let mut all = Vec::new();
    while let Ok(socket) = tokio::net::TcpStream::connect(server.address).await {
        all.push(socket);
        assert!(all.len() < 64, "there is no limit");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!server.serving.is_finished(), "the server ended");
    all.clear();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(ask(server.address, json("/Greeter/Hello", HELLO)).await.status(), 200);
}

#[tokio::test]
async fn whoever_asks_first_need_not_send_what_is_refused() {
    let server = Server::start().await;
    let head = "POST /Test/Echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ";
    let mut raw = Raw::to(server.address).await;
    raw.send(format!("{head}9999999\r\n\r\n")).await;
    assert_eq!(raw.answer().await.status(), 413);

    let mut raw = Raw::to(server.address).await;
    raw.send(format!("{head}2\r\n\r\n")).await;
    let mut said = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut raw.socket, &mut said).await.unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    raw.send("{}").await;
    assert_eq!(raw.answer().await.body(), "{}");
}

#[tokio::test]
async fn heads_above_the_limit() {
    let mut options = options();
    options.max_header = 16 * 1024;
    let server = Server::with(options, &App::new()).await;
    let said =
        ask(server.address, post("/Greeter/Hello", &format!("A: {}\r\n", "x".repeat(8_000)), HELLO)).await;
    assert_eq!(said.status(), 200);
    let said =
        ask(server.address, post("/Greeter/Hello", &format!("A: {}\r\n", "x".repeat(17_000)), HELLO)).await;
    assert_eq!(said.status(), 431);
    // One that goes on and on reads its answer all the same.
    let said =
        ask(server.address, post("/Greeter/Hello", &format!("A: {}\r\n", "x".repeat(2_000_000)), HELLO))
            .await;
    assert_eq!(said.status(), 431);
    // With `Host` and `Content-Length`, 100 lines are the most.
    for (lines, status) in [(98, 200), (99, 431), (1_000, 431)] {
        let many: String = (0..lines).map(|number| format!("A{number}: 1\r\n")).collect();
        let said = ask(server.address, post("/Greeter/Hello", &many, HELLO)).await;
        assert_eq!(said.status(), status, "{lines}");
    }

    let mut two = Two::to(server.address).await;
    let mut request = two::post("/Greeter/Hello", "application/json", whole(HELLO));
    request.headers_mut().insert("a", "x".repeat(17_000).parse().unwrap());
    match two.send(request).await {
        Ok(answer) => assert_eq!(answer.status().as_u16(), 431),
        // The client has read the limit in the settings, and does not send it.
        Err(error) => assert!(error.is_user() || format!("{error:?}").contains("header"), "{error:?}"),
    }
}

#[tokio::test]
async fn so_many_calls_at_a_time() {
    let app = App::new();
    let mut options = options();
    options.max_calls = 2;
    let server = Server::with(options, &app).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Wait", "")).await;
    let two = Two::to(server.address).await;
    let mut calls = two.calls.clone();
    let second = tokio::spawn(async move {
        let waiting = calls.send_request(two::post("/Test/Wait", "application/json", whole(""))).await;
        waiting.unwrap().status()
    });
    app.until_running(2).await;
    let said = ask(server.address, json("/Greeter/Hello", HELLO)).await;
    let error = said.error();
    assert_eq!((said.status(), error.reached(), error.reason()), (429, false, "TOO_MANY_CALLS"));
    assert!(error.detail().contains("max_calls"), "{error}");
    app.go.notify_waiters();
    assert_eq!(raw.answer().await.status(), 200);
    assert_eq!(timeout(LONG, second).await.unwrap().unwrap(), StatusCode::OK);
    assert_eq!(ask(server.address, json("/Greeter/Hello", HELLO)).await.status(), 200);
}

/// A call holds its place until its caller has its answer, though its handler is long done: what callers do not take is
/// counted.
#[tokio::test]
async fn a_call_holds_its_place_until_its_answer_is_sent() {
    let app = App::new();
    let mut options = options();
    options.max_calls = 1;
    let server = Server::with(options, &app).await;
    let (mut raw, mut two) = (Raw::to(server.address).await, Two::to(server.address).await);
    // An answer of 8 MiB, of which the head is taken.
    for http2 in [false, true] {
        let mut body = None;
        if http2 {
            let big = two::post("/Test/Big", "application/json", whole(""));
            body = Some(two.send(big).await.unwrap().into_body());
        } else {
            raw.send(json("/Test/Big", "")).await;
            timeout(LONG, raw.socket.readable()).await.unwrap().unwrap();
        }
        app.until_running(0).await;
        let said = ask(server.address, json("/Greeter/Hello", HELLO)).await;
        assert_eq!((said.status(), said.error().reason()), (429, "TOO_MANY_CALLS"), "{http2}");
        match body {
            Some(body) => {
                let taken = timeout(LONG, body.collect()).await.unwrap().unwrap();
                assert_eq!(taken.to_bytes().len(), 8 << 20);
            }
            None => assert_eq!(raw.answer().await.body.len(), 8 << 20),
        }
        // The caller has the last byte a moment before the server knows.
        let free =
            async { while ask(server.address, json("/Greeter/Hello", HELLO)).await.status() != 200 {} };
        assert!(timeout(LONG, free).await.is_ok(), "{http2}");
    }
}

#[tokio::test]
async fn so_many_streams_on_a_connection() {
    let app = App::new();
    let mut options = options();
    options.max_streams = 3;
    let server = Server::with(options, &app).await;
    let mut two = Two::to(server.address).await;
    // The client knows the limit from the first answer on.
    two.ask(two::post("/Greeter/Hello", "application/json", whole(HELLO))).await;
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let mut calls = two.calls.clone();
            tokio::spawn(async move {
                calls.send_request(two::post("/Test/Wait", "application/json", whole(""))).await.unwrap()
            })
        })
        .collect();
    app.until_running(3).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(app.running(), 3);
    for _ in 0..200 {
        app.go.notify_waiters();
        tokio::time::sleep(Duration::from_millis(10)).await;
        if calls.iter().all(tokio::task::JoinHandle::is_finished) {
            return;
        }
    }
    panic!("the calls that waited were not made");
}

#[tokio::test]
async fn a_head_that_drips_is_ended() {
    let mut options = options();
    options.header_timeout = Duration::from_millis(300);
    let server = Server::with(options, &App::new()).await;
    let began = Instant::now();
    // The first bytes, before anything is known; and a head that has no end.
    for first in ["P", "POST / HTTP/1.1\r\n"] {
        let mut raw = Raw::to(server.address).await;
        raw.send(first).await;
        let dripping = async {
            while tokio::io::AsyncWriteExt::write_all(&mut raw.socket, b"A").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, dripping).await.expect("it may drip for ever");
    }
    assert!(began.elapsed() >= Duration::from_millis(600));
    // A whole call on a connection does not change that.
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Greeter/Hello", HELLO)).await;
    raw.answer().await;
    raw.send("POST ").await;
    let said = raw.answer().await;
    assert_eq!(said.status(), 408);
    assert!(said.body().contains("header_timeout"), "{}", said.body());
    assert!(raw.rest().await.is_empty());
}

/// What the pools of Go do: a connection rests for longer than a head may take.
#[tokio::test]
async fn a_connection_may_rest_for_longer_than_a_head_takes() {
    let mut options = options();
    options.header_timeout = Duration::from_millis(150);
    options.idle_timeout = LONG;
    let server = Server::with(options, &App::new()).await;
    let mut raw = Raw::to(server.address).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        raw.send(json("/Greeter/Hello", HELLO)).await;
        assert_eq!(raw.answer().await.status(), 200);
    }
    let mut two = Two::to(server.address).await;
    for _ in 0..2 {
        let said = two.ask(two::post("/Greeter/Hello", "application/json", whole(HELLO))).await;
        assert_eq!(said.status, StatusCode::OK);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn what_is_idle_or_never_speaks_is_closed() {
    let mut options = options();
    options.idle_timeout = Duration::from_millis(300);
    let app = App::new();
    let server = Server::with(options, &app).await;
    let mut silent = Raw::to(server.address).await;
    let mut idle = Raw::to(server.address).await;
    idle.send(json("/Greeter/Hello", HELLO)).await;
    idle.answer().await;
    let mut two = Two::to(server.address).await;
    two.ask(two::post("/Greeter/Hello", "application/json", whole(HELLO))).await;
    let mut preface = Raw::to(server.address).await;
    preface.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    // A call is not idle, however long it takes.
    let mut busy = Raw::to(server.address).await;
    busy.send(json("/Test/Sleep", "1500")).await;
    assert!(silent.rest().await.is_empty() && idle.rest().await.is_empty());
    preface.rest().await;
    timeout(LONG, two.driven).await.expect("it stays").unwrap().unwrap();
    assert_eq!(busy.answer().await.body(), "\"slept\"");
}

#[tokio::test]
async fn a_message_that_stops_in_its_middle() {
    let mut options = options();
    options.message_timeout = Duration::from_millis(200);
    let server = Server::with(options, &App::new()).await;
    let mut raw = Raw::to(server.address).await;
    raw.send("POST /Test/Echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{").await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.error().reached()), (408, false));
    assert!(said.error().detail().contains("message_timeout"));
}

#[tokio::test]
async fn a_peer_that_does_not_answer_pings_is_dead() {
    let app = App::new();
    let mut options = options();
    (options.keep_alive, options.keep_alive_timeout) =
        (Duration::from_millis(200), Duration::from_millis(200));
    let server = Server::with(options, &app).await;
    // A live one is not: hyper's client answers.
    let mut two = Two::to(server.address).await;
    let said = two.ask(two::post("/Test/Sleep", "application/json", whole("1500"))).await;
    assert_eq!(said.status, StatusCode::OK);
    // A call, and then nothing: SETTINGS, and HEADERS of `POST /Test/Wait` without compression.
    let mut raw = Raw::to(server.address).await;
    let mut block = vec![0x83, 0x86];
    for (name, value) in [(":path", "/Test/Wait"), (":authority", "a")] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    let length = u8::try_from(block.len()).unwrap();
    let headers = [&[0, 0, length, 1, 5, 0, 0, 0, 1][..], &block].concat();
    raw.send([&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"[..], &headers].concat()).await;
    app.until_running(1).await;
    app.until_running(0).await;
    raw.rest().await;
}
