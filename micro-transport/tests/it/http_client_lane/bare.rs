//! Services of ours at bare addresses: the first call is answered on the lane, and all others go there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use micro_core::{Body, BodyStream, Code, Deadline, Frame, Head, Request, Route, Shutdown};
use micro_transport::{DialOptions, Http};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::{Between, Seen, Stranger, serve, works};
use crate::http_client::{Raw, dial, head, read_request, request, request_within, soon, text};
use crate::http_server::app::App;
use crate::http_server::{Server, options};

fn call(endpoint: &str, body: impl Into<Body>) -> Request {
    Request::new(Head::new(Route::new("greeter", endpoint), micro_codec::JSON), body.into())
}

#[tokio::test]
async fn the_first_call_is_answered_on_the_lane() {
    for (body, expected) in [
        (Body::One(r#"{"name":"Ann"}"#.into()), r#"{"name":"Ann"}"#.to_owned()),
        (Body::Empty, "empty".to_owned()),
        // Longer than a frame, either way.
        (Body::One("x".repeat(3 << 20).into()), "x".repeat(3 << 20)),
    ] {
        let seen = Arc::new(Seen::default());
        let address = serve(seen.clone(), &options()).await;
        let connection = dial(address, &DialOptions::default()).await;
        let mut first = Request::new(head(), body);
        first.head.metadata.insert("tenant", "blue").unwrap();
        first.head.deadline = Some(Deadline::after(Duration::from_secs(50)));
        let response = soon(connection.dispatch(first)).await.unwrap();
        assert!(text(&response) == expected);
        let told = |key| response.metadata().get(key).unwrap();
        assert_eq!((told("protocol"), told("tenant")), ("lane", "blue"));
        assert!(matches!(told("left"), "48" | "49"), "{}", told("left"));
        assert_eq!(response.trailers().get("cost"), Some("7"), "HTTP/1.1 would not have had that");
        let hidden = ["connection", "upgrade", "micro-lane", "host", "timeout"];
        assert!(told("keys").split(' ').all(|key| !hidden.contains(&key)), "{}", told("keys"));
        assert_eq!(seen.count(), 1, "it ran once");
        for _ in 0..10 {
            assert_eq!(works(&connection).await, "lane");
        }
        assert_eq!(seen.count(), 11);
    }
}

#[tokio::test]
async fn the_error_of_the_first_call_comes_over_the_lane() {
    let seen = Arc::new(Seen::default());
    let address = serve(seen.clone(), &options()).await;
    let connection = dial(address, &DialOptions::default()).await;
    let mut first = request("{}");
    first.head.metadata.insert("fail", "1").unwrap();
    let error = soon(connection.dispatch(first)).await.unwrap_err();
    assert_eq!((error.code(), error.reason(), error.id()), (Code::Aborted, "PURPOSE", "greeter"));
    assert!(error.reached() && seen.count() == 1);
    assert_eq!(works(&connection).await, "lane");
}

#[tokio::test]
async fn streams_go_over_the_lane_once_it_is_known() {
    let server = Server::start().await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let stream = |endpoint: &str| {
        let frames = (0..100).map(|number: i32| Frame::Data(number.to_string().into()));
        let body = Body::Stream(BodyStream::of(frames.collect::<Vec<_>>()));
        soon(connection.dispatch(call(endpoint, body)))
    };
    assert_eq!(text(&stream("Test.Count").await.unwrap()), "100");
    assert!(text(&stream("Test.Head").await.unwrap()).contains("\"h2\""), "nobody asked");
    // An answer that is a stream, to the call that asks.
    let response = soon(connection.dispatch(call("Test.Three", Body::One("1".into())))).await.unwrap();
    let Body::Stream(mut frames) = response.body else { panic!("no stream") };
    let mut count = 0;
    while let Some(frame) = soon(frames.frame()).await {
        count += usize::from(matches!(frame.unwrap(), Frame::Data(_)));
    }
    assert_eq!(count, 3);
    assert_eq!(text(&stream("Test.Count").await.unwrap()), "100");
    assert!(text(&stream("Test.Head").await.unwrap()).contains("\"lane\""));
}

#[tokio::test]
async fn a_hundred_first_calls_at_once() {
    for _ in 0..5 {
        let seen = Arc::new(Seen::default());
        let address = serve(seen.clone(), &options()).await;
        let relay = Between::start(address).await;
        let connection = dial(relay.raw.address, &DialOptions::default()).await;
        let calls = (0..100).map(|number| {
            let body = Body::One(format!("\"{number}\"").into());
            let call = connection.dispatch(Request::new(head(), body));
            async move { assert_eq!(text(&soon(call).await.unwrap()), format!("\"{number}\"")) }
        });
        join_all(calls).await;
        assert_eq!(seen.count(), 100);
        let sockets = relay.raw.accepted();
        let over = join_all((0..50).map(|_| works(&connection))).await;
        assert!(over.iter().all(|over| over == "lane"), "{over:?}");
        assert_eq!(relay.raw.accepted(), sockets, "the lane carries them all");
    }
}

#[tokio::test]
async fn the_first_call_is_given_up() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    for _ in 0..10 {
        let connection = dial(server.address, &DialOptions::default()).await;
        let running = tokio::spawn(connection.dispatch(call("Test.Wait", Body::One("{}".into()))));
        app.until_running(1).await;
        running.abort();
        app.until_running(0).await;
        let mut late = call("Test.Wait", Body::One("{}".into()));
        late.head.deadline = Some(Deadline::after(Duration::from_millis(50)));
        let other = dial(server.address, &DialOptions::default()).await;
        let error = soon(other.dispatch(late)).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        app.until_running(0).await;
        let response =
            soon(connection.dispatch(call("Greeter.Hello", Body::One(r#"{"name":"Ann"}"#.into())))).await;
        assert_eq!(text(&response.unwrap()), r#"{"msg":"Hello Ann"}"#);
    }
}

/// Nobody answers: the connection is reset when the call is given up, and the next one asks again.
#[tokio::test]
async fn a_call_is_given_up_while_it_waits_for_the_101() {
    let server = Raw::start(|mut stream, _| async move {
        assert!(super::offers(&read_request(&mut stream).await.unwrap().0));
        super::until_gone(stream).await;
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for count in 1..=3 {
        let error =
            soon(connection.dispatch(request_within("{}", Duration::from_millis(50)))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, true));
        server.until_open(0).await;
        assert_eq!(server.accepted(), count);
    }
}

/// It takes the lane, and is slow to say hello: nothing was refused.
#[tokio::test]
async fn a_call_is_given_up_between_the_101_and_the_hello() {
    let seen = Arc::new(Seen::default());
    let address = serve(seen.clone(), &options()).await;
    for given_up in [true, false] {
        let (accepted, hold) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (taken, go) = (accepted.clone(), hold.clone());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        let slow = Raw::start(move |mut stream, _| {
            let (taken, go, count) = (taken.clone(), go.clone(), count.clone());
            async move {
                let mut server = TcpStream::connect(address).await.unwrap();
                let Some((head, body)) = read_request(&mut stream).await else { return };
                server.write_all((head.clone() + &body).as_bytes()).await.unwrap();
                if super::offers(&head) {
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut said = Vec::new();
                    while !said.ends_with(b"\r\n\r\n") {
                        said.push(server.read_u8().await.unwrap());
                    }
                    assert!(said.starts_with(b"HTTP/1.1 101"));
                    stream.write_all(&said).await.unwrap();
                    taken.notify_one();
                    go.notified().await;
                }
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            }
        })
        .await;
        let connection = dial(slow.address, &DialOptions::default()).await;
        if given_up {
            let running = tokio::spawn(connection.dispatch(request("{}")));
            soon(accepted.notified()).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            running.abort();
            assert!(running.await.unwrap_err().is_cancelled());
        } else {
            let late = request_within("{}", Duration::from_millis(200));
            let error = soon(connection.dispatch(late)).await.unwrap_err();
            assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, true));
        }
        hold.notify_one();
        soon(async { while works(&connection).await != "lane" {} }).await;
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// A server that has no room for the call speaks the lane all the same.
#[tokio::test]
async fn a_server_that_is_full_has_not_refused_the_lane() {
    let app = App::new();
    let mut small = options();
    small.max_calls = 1;
    small.max_message = 100;
    let server = Server::with(small, &app).await;
    let other = dial(server.address, &DialOptions::default()).await;
    let running = tokio::spawn(other.dispatch(call("Test.Wait", Body::One("{}".into()))));
    app.until_running(1).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let head = |body: &str| connection.dispatch(call("Test.Head", Body::One(body.to_owned().into())));
    let error = soon(head("{}")).await.unwrap_err();
    assert_eq!((error.reason(), error.reached()), ("TOO_MANY_CALLS", false), "{error}");
    running.abort();
    app.until_running(0).await;
    super::after(Duration::from_secs(1)).await;
    let error = soon(head(&"x".repeat(101))).await.unwrap_err();
    assert_eq!(error.http(), 413, "{error}");
    super::after(Duration::from_secs(1)).await;
    let told = text(&soon(head("{}")).await.unwrap());
    assert!(told.contains("\"lane\""), "{told}");
}

/// The lane ends, and what is there next speaks it too, or does not.
#[tokio::test]
async fn what_comes_back_is_asked_anew() {
    let (first, second) = (Arc::new(Seen::default()), Arc::new(Seen::default()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let again = listener.try_clone().unwrap();
    let (stop, until) = (Shutdown::new(), Shutdown::new());
    let serving =
        tokio::spawn(Http::listen_on(listener, &options()).unwrap().serve(first.clone(), stop.clone()));
    let connection = dial(address, &DialOptions::default()).await;
    works(&connection).await;
    stop.fire();
    soon(serving).await.unwrap().unwrap();
    let serving = tokio::spawn(
        Http::listen_on(again.try_clone().unwrap(), &options()).unwrap().serve(second.clone(), until.clone()),
    );
    for _ in 0..20 {
        assert_eq!(works(&connection).await, "lane");
    }
    assert_eq!((first.count(), second.count()), (1, 20));
    until.fire();
    soon(serving).await.unwrap().unwrap();
    let mut plain = options();
    plain.protocols.lane = false;
    let third = Arc::new(Seen::default());
    tokio::spawn(Http::listen_on(again, &plain).unwrap().serve(third.clone(), Shutdown::new()));
    for _ in 0..20 {
        assert_eq!(works(&connection).await, "http/1.1");
    }
    assert_eq!(third.count(), 20);
}

/// A service of ours that has nothing for streams of requests says so.
#[tokio::test]
async fn a_streamed_request_where_only_http1_is_on() {
    let mut plain = options();
    (plain.protocols.http2, plain.protocols.lane) = (false, false);
    let address = serve(Arc::new(Seen::default()), &plain).await;
    let connection = dial(address, &DialOptions::default()).await;
    for _ in 0..3 {
        let body = Body::Stream(BodyStream::of([Frame::Data("{}".into())]));
        let error = soon(connection.dispatch(Request::new(head(), body))).await.unwrap_err();
        assert!(!error.reached(), "{error:?}");
        for told in ["HTTP/2 is switched off", &address.to_string()] {
            assert!(error.detail().contains(told), "{error}");
        }
        assert_eq!(works(&connection).await, "http/1.1");
    }
}

/// A server that stops answers what it has got, on the lane too.
#[tokio::test]
async fn a_server_that_stops_answers_the_first_call() {
    let app = App::new();
    let mut server = Server::with(options(), &app).await;
    let connection = dial(server.address, &DialOptions::default()).await;
    let running = tokio::spawn(connection.dispatch(call("Test.Wait", Body::One("{}".into()))));
    app.until_running(1).await;
    server.stop.fire();
    tokio::time::sleep(Duration::from_millis(100)).await;
    app.go.notify_waiters();
    assert_eq!(text(&soon(running).await.unwrap().unwrap()), "\"waited\"");
    server.ended().await;
}

/// A proxy that knows nothing of the lane takes the offer away: HTTP/1.1 it is, for a minute.
#[tokio::test]
async fn a_proxy_in_between_takes_the_offer_away() {
    let seen = Arc::new(Seen::default());
    let address = serve(seen.clone(), &options()).await;
    let proxy = Between::start(address).await;
    proxy.strips.store(true, std::sync::atomic::Ordering::SeqCst);
    let connection = dial(proxy.raw.address, &DialOptions::default()).await;
    for _ in 0..10 {
        assert_eq!(works(&connection).await, "http/1.1");
    }
    assert_eq!(seen.count(), 10);
    assert_eq!(proxy.raw.accepted(), 1, "one at a time on a socket");
    // It learns to pass it on.
    proxy.strips.store(false, std::sync::atomic::Ordering::SeqCst);
    super::a_minute().await;
    assert_eq!(works(&connection).await, "lane");
    assert_eq!(seen.count(), 11);
}

/// A service of Go Micro passes the headers of its caller on: what was offered to it is offered to nobody else.
#[tokio::test]
async fn an_offer_that_was_passed_on_is_none() {
    let seen = Arc::new(Seen::default());
    let address = serve(seen.clone(), &options()).await;
    let go = Stranger::start(None, b"").await;
    let offered = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\nMicro-Lane: {}\r\n\
         Micro-Service: greeter\r\nMicro-Endpoint: Greeter.Hello\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
        go.raw.address
    );
    let said = crate::http_server::raw::ask(address, offered).await;
    assert_eq!((said.status(), said.body(), seen.count()), (200, "{}", 1));
}

/// A message that fills a frame by itself, with metadata beside it, either way.
#[tokio::test]
async fn metadata_leaves_less_room_for_a_message() {
    let address = serve(Arc::new(Seen::default()), &options()).await;
    let connection = dial(address, &DialOptions::default()).await;
    assert_eq!(works(&connection).await, "lane");
    for less in [0, 1, 200] {
        let body = "x".repeat(128 * 1024 - less);
        let mut request = Request::new(head(), Body::One(body.clone().into()));
        request.head.metadata.insert("tenant", "b".repeat(2_000)).unwrap();
        assert!(text(&soon(connection.dispatch(request)).await.unwrap()) == body);
    }
}
