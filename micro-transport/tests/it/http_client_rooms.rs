//! What streams that go on for long leave to other calls: windows, and places on connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{join_all, poll_fn};
use micro_core::{Body, Code, Response};
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
