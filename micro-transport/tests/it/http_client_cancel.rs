//! Calls that nobody waits for any more leave nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use micro_core::{Body, BodyStream, Frame, Request};
use micro_transport::DialOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::http_client::{Raw, dial, h2, head, read_request, request, soon};
use super::http_client_http2::serve;

/// A server that never answers; how many calls wait there.
async fn waiting(http2: bool) -> (Raw, Arc<AtomicUsize>) {
    struct Waits(Arc<AtomicUsize>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
    let waiting = Arc::new(AtomicUsize::new(0));
    let count = waiting.clone();
    let server = Raw::start(move |mut stream, _| {
        let count = count.clone();
        async move {
            if http2 {
                let call = move |request: http::Request<h2::RecvStream>,
                                 mut respond: h2::server::SendResponse<_>| {
                    count.fetch_add(1, Ordering::SeqCst);
                    let waits = Waits(count.clone());
                    async move {
                        let fast = request.headers().contains_key("fast");
                        if fast {
                            let _ = respond.send_response(http::Response::new(()), true);
                        } else {
                            let _ = std::future::poll_fn(|cx| respond.poll_reset(cx)).await;
                        }
                        drop((waits, request));
                    }
                };
                return serve(stream, call).await;
            }
            while let Some((head, _)) = read_request(&mut stream).await {
                if head.contains("Fast: 1") {
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                } else {
                    count.fetch_add(1, Ordering::SeqCst);
                    let _waits = Waits(count.clone());
                    let _ = stream.read_u8().await;
                    return;
                }
            }
        }
    })
    .await;
    (server, waiting)
}

async fn until(what: impl Fn() -> bool) {
    soon(async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

fn fast() -> Request {
    let mut request = request("{}");
    request.head.metadata.append("fast", "1").unwrap();
    request
}

#[tokio::test]
async fn ten_thousand_cancelled_calls_leave_nothing() {
    for http2 in [false, true] {
        let (server, waiting) = waiting(http2).await;
        let mut options = if http2 { h2() } else { DialOptions::default() };
        options.pool_size = 50;
        let connection = dial(server.address, &options).await;
        assert!(soon(connection.dispatch(fast())).await.is_ok());
        let metrics = tokio::runtime::Handle::current().metrics();
        let tasks = metrics.num_alive_tasks();
        for round in 0..200 {
            let call = |number: usize| {
                // Some of them stream, where that is possible.
                if http2 && number.is_multiple_of(5) {
                    let body = BodyStream::of([Frame::Data("1".into())]);
                    return connection.dispatch(Request::new(head(), Body::Stream(body)));
                }
                connection.dispatch(request("{}"))
            };
            // Never polled, on its way, and received: whatever moment it is, it is given up.
            let time = Duration::from_micros([0, 200, 2000, 10_000][round % 4]);
            let calls = join_all((0..50).map(call));
            assert!(tokio::time::timeout(time, calls).await.is_err());
        }
        until(|| waiting.load(Ordering::SeqCst) == 0).await;
        // All its places are free, and nothing counts as a call that runs: 50 more are few for one connection.
        assert!(soon(join_all((0..50).map(|_| connection.dispatch(fast())))).await.iter().all(Result::is_ok));
        if http2 {
            assert_eq!(server.accepted(), 1);
        }
        drop(connection);
        server.until_open(0).await;
        until(|| metrics.num_alive_tasks() <= tasks).await;
    }
}
