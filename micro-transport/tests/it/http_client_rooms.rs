//! What streams that go on for long leave to other calls: windows, and places on connections.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{join_all, poll_fn};
use micro_core::{Body, Code, Request, Response, Route};
use micro_transport::Connection;

use super::http_client::{Raw, dial, h2, request, request_within, soon, text};
use super::http_client_http2::{begin, echo, envelope, serve_at_most};

/// A server that takes so many calls at a time on a connection: those that are `slow` are answered by a message and then
/// by another of many megabytes, all else at once. Counts the bytes that it sent. Connections above
/// their number are closed at once.
async fn feeding(streams: u32, connections: usize) -> (Raw, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let raw = Raw::start(move |stream, number| {
        let count = count.clone();
        let serving = serve_at_most(streams, stream, move |request, mut respond| {
            let count = count.clone();
            async move {
                if !request.headers().contains_key("slow") {
                    return echo(request, respond).await;
                }
                let mut sender = begin(&mut respond);
                sender.send_data(envelope(0, b"1"), false).unwrap();
                let mut left = envelope(0, &vec![b' '; 8 * 1024 * 1024]);
                while !left.is_empty() {
                    sender.reserve_capacity(left.len());
                    // Its reader may be gone.
                    let Some(Ok(room)) = poll_fn(|cx| sender.poll_capacity(cx)).await else { return };
                    let piece: Bytes = left.split_to(room.min(left.len()));
                    count.fetch_add(piece.len(), Ordering::SeqCst);
                    if sender.send_data(piece, false).is_err() {
                        return;
                    }
                }
            }
        });
        async move {
            if number < connections {
                serving.await;
            }
        }
    })
    .await;
    (raw, sent)
}

/// A stream whose first message has come, and which nobody reads on.
async fn resting(connection: &dyn Connection) -> Response {
    let mut request = request("{}");
    request.head.metadata.append("slow", "1").unwrap();
    let mut response = connection.dispatch(request).await.unwrap();
    let Body::Stream(stream) = &mut response.body else { panic!("no stream") };
    assert!(matches!(stream.frame().await, Some(Ok(_))));
    response
}

#[tokio::test]
async fn streams_that_nobody_reads_leave_a_window_to_the_other_calls() {
    let (server, sent) = feeding(1000, 1).await;
    let connection = dial(server.address, &h2()).await;
    let streams = soon(join_all((0..60).map(|_| resting(&*connection)))).await;
    // Each has sent what its own window holds.
    soon(async {
        while sent.load(Ordering::SeqCst) < 60 * 1_000_000 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    for _ in 0..10 {
        assert_eq!(text(&soon(connection.dispatch(request("{}"))).await.unwrap()), "{}");
    }
    assert_eq!((server.accepted(), streams.len()), (1, 60));
}

#[tokio::test]
async fn streams_at_once_take_the_places_of_all_connections() {
    let (server, _) = feeding(5, 4).await;
    let connection = dial(server.address, &h2()).await;
    let mut streams = soon(join_all((0..20).map(|_| resting(&*connection)))).await;
    full(&server, &*connection, &mut streams).await;
}

#[tokio::test]
async fn streams_one_after_the_other_take_the_places_of_all_connections() {
    let (server, _) = feeding(5, 4).await;
    let connection = dial(server.address, &h2()).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(soon(resting(&*connection)).await);
    }
    full(&server, &*connection, &mut streams).await;
}

/// All places are taken: who comes now has the first that is free, whichever connection it is on.
async fn full(server: &Raw, connection: &dyn Connection, streams: &mut Vec<Response>) {
    assert_eq!(server.accepted(), 4);
    let late = connection.dispatch(request_within("{}", Duration::from_millis(200)));
    let error = soon(late).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, false), "{error}");
    let mut waited = Duration::ZERO;
    for place in [0, 18, 7, 12] {
        let mut next = std::pin::pin!(resting(connection));
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut next).await.is_err());
        let freed = Instant::now();
        drop(streams.remove(place));
        streams.push(soon(next).await);
        waited += freed.elapsed();
    }
    // It is told of the place, and does not look for one every second.
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert_eq!(server.accepted(), 4);
}

#[tokio::test]
async fn a_place_is_waited_for_where_no_other_connection_can_be_made() {
    let (server, _) = feeding(5, 1).await;
    let connection = dial(server.address, &h2()).await;
    let mut streams = soon(join_all((0..5).map(|_| resting(&*connection)))).await;
    let mut next = std::pin::pin!(resting(&*connection));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut next).await.is_err());
    assert!(server.accepted() > 1, "none was tried");
    streams.pop();
    soon(next).await;
}

/// A server of one connection that takes so many calls at a time, each as long as this. Tells in which order they came.
async fn resting_places(streams: u32, rest: Duration) -> (Raw, Arc<Mutex<Vec<String>>>) {
    let came = Arc::new(Mutex::new(Vec::new()));
    let coming = came.clone();
    let raw = Raw::start(move |stream, number| {
        let came = coming.clone();
        let serving = serve_at_most(streams, stream, move |request, respond| {
            if let Some(name) = request.headers().get("name") {
                came.lock().unwrap().push(name.to_str().unwrap().to_owned());
            }
            async move {
                tokio::time::sleep(rest).await;
                echo(request, respond).await;
            }
        });
        async move {
            if number == 0 {
                serving.await;
            }
        }
    })
    .await;
    (raw, came)
}

/// Polls a call that is not done yet.
fn waits(mut call: impl Future + Unpin) -> bool {
    Pin::new(&mut call).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// One connection to it.
async fn alone(server: &Raw) -> Arc<dyn Connection> {
    let mut options = h2();
    options.connections = 1;
    let connection = dial(server.address, &options).await;
    // How many calls it takes is known from its first answer on.
    soon(connection.dispatch(request("{}"))).await.unwrap();
    connection
}

fn named(name: &str) -> Request {
    let mut request = request("{}");
    request.head.metadata.append("name", name.to_string()).unwrap();
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_that_become_free_at_once_are_all_used() {
    let (server, _) = resting_places(10, Duration::from_millis(20)).await;
    let connection = alone(&server).await;
    let begun = Instant::now();
    let calls = (0..200).map(|_| tokio::spawn(connection.dispatch(request("{}"))));
    for answer in soon(join_all(calls)).await {
        answer.unwrap().unwrap();
    }
    // Twenty rounds of 20 ms each.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn calls_have_their_places_in_the_order_in_which_they_came() {
    for places in [1, 3] {
        let (server, came) = resting_places(places, Duration::from_millis(5)).await;
        let connection = alone(&server).await;
        let calls = (0..30).map(|number| connection.dispatch(named(&number.to_string())));
        for answer in soon(join_all(calls)).await {
            answer.unwrap();
        }
        let came = came.lock().unwrap().iter().map(|name| name.parse().unwrap()).collect::<Vec<usize>>();
        assert_eq!(came.len(), 30);
        // Those that have their places at the same time send in any order.
        let off = came.iter().enumerate().map(|(at, number)| at.abs_diff(*number)).max();
        assert!(off < Some(places as usize), "{places} places: {came:?}");
    }
}

#[tokio::test]
async fn who_comes_when_a_place_is_free_does_not_overtake_those_who_wait_for_it() {
    let (server, came) = resting_places(1, Duration::from_millis(5)).await;
    let connection = alone(&server).await;
    let first = connection.dispatch(named("first"));
    let mut second = std::pin::pin!(connection.dispatch(named("second")));
    let mut first = std::pin::pin!(first);
    assert!(waits(&mut first) && waits(&mut second));
    // Its place is free when it is answered, and whoever waits has had no time to look.
    soon(first).await.unwrap();
    let third = connection.dispatch(named("third"));
    let (third, second) = soon(futures_util::future::join(third, second)).await;
    third.and(second).unwrap();
    assert_eq!(*came.lock().unwrap(), ["first", "second", "third"]);
}

#[tokio::test]
async fn who_gives_up_leaves_its_place_to_the_next() {
    let (server, came) = resting_places(1, Duration::from_millis(5)).await;
    let connection = alone(&server).await;
    let begun = Instant::now();
    for _ in 0..10 {
        let mut first = std::pin::pin!(connection.dispatch(named("first")));
        let mut second = Box::pin(connection.dispatch(named("second")));
        let mut third = std::pin::pin!(connection.dispatch(named("third")));
        assert!(waits(&mut first));
        assert!(waits(&mut second) && waits(&mut third));
        soon(first).await.unwrap();
        // It was told of the place, and does not live to take it.
        drop(second);
        soon(third).await.unwrap();
    }
    assert!(!came.lock().unwrap().contains(&"second".to_owned()));
    // The places are not found by looking once a second.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_head_that_the_peer_does_not_take_is_refused_and_its_connection_stays() {
    let server = Raw::start(|stream, _| async move {
        let mut builder = h2::server::Builder::new();
        let mut connection =
            builder.max_header_list_size(64 * 1024).handshake::<_, Bytes>(stream).await.unwrap();
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                echo(request, respond).await;
            });
        }
    })
    .await;
    let connection = alone(&server).await;
    let other = tokio::spawn(connection.dispatch(request("{}")));
    // With the rest of the head the first one is too large, and the peer says so.
    for size in [65_400, 65 * 1024, 200 * 1024, 2 * 1024 * 1024] {
        let mut large = request("{}");
        large.head.metadata.append("large", "x".repeat(size)).unwrap();
        let mut named = request("{}");
        named.head.route = Route::new("greeter", &"x".repeat(size / 2));
        for request in [large, named] {
            let error = soon(connection.dispatch(request)).await.unwrap_err();
            assert_eq!(
                (error.code(), error.http(), error.reached()),
                (Code::InvalidArgument, 431, false),
                "{error}"
            );
            assert_eq!(error.reason(), "HEAD_TOO_LARGE");
            assert!(error.detail().contains("(see `max_header`)"), "{error}");
        }
    }
    assert_eq!(text(&soon(other).await.unwrap().unwrap()), "{}");
    assert_eq!(server.accepted(), 1);
}
