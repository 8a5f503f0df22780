//! Several connections to one node: how calls are spread, and what happens when one of them is half dead.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use micro_core::Code;
use micro_transport::{Connection, ConnectionState, DialOptions};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};

use super::http_client::{LONG, Raw, dial, h2, request, request_within, soon, text};
use super::http_client_http2::echo;

/// A server whose calls wait until they may go on, unless they are `"fast"`; it takes so many at a time on a connection.
struct Held {
    raw: Raw,
    go: Arc<Semaphore>,
    /// How many calls have come on each connection.
    calls: Arc<[AtomicUsize; 16]>,
}

impl Held {
    async fn start(streams: u32) -> Self {
        let (go, calls) = (Arc::new(Semaphore::new(0)), Arc::<[AtomicUsize; 16]>::default());
        let (waiting, counts) = (go.clone(), calls.clone());
        let raw = Raw::start(move |stream, number| {
            let (go, calls) = (waiting.clone(), counts.clone());
            async move {
                let mut builder = h2::server::Builder::new();
                let Ok(mut connection) = builder.max_concurrent_streams(streams).handshake(stream).await
                else {
                    return;
                };
                let mut running = tokio::task::JoinSet::new();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    calls[number].fetch_add(1, Ordering::SeqCst);
                    let go = go.clone();
                    running.spawn(async move {
                        if !request.headers().contains_key("fast") {
                            go.acquire().await.unwrap().forget();
                        }
                        echo(request, respond).await;
                    });
                }
            }
        })
        .await;
        Self { raw, go, calls }
    }

    fn on(&self, connection: usize) -> usize {
        self.calls[connection].load(Ordering::SeqCst)
    }

    async fn until(&self, what: impl Fn(&Self) -> bool) {
        soon(async {
            while !what(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

fn fast() -> micro_core::Request {
    let mut request = request_within("{}", LONG);
    request.head.metadata.append("fast", "1").unwrap();
    request
}

/// Makes calls that are held, and lets them run.
fn hold(connection: &Arc<dyn Connection>, count: usize) -> Vec<tokio::task::JoinHandle<bool>> {
    let call = || {
        let call = connection.dispatch(request("{}"));
        tokio::spawn(async move { call.await.is_ok() })
    };
    (0..count).map(|_| call()).collect()
}

#[tokio::test]
async fn calls_are_spread_over_connections_when_they_are_many() {
    let server = Held::start(1000).await;
    let connection = dial(server.raw.address, &h2()).await;
    let mut calls = hold(&connection, 100);
    server.until(|server| server.on(0) == 100).await;
    assert_eq!(server.raw.accepted(), 1, "100 calls are few");
    // The one that makes another connection does not wait for it.
    calls.extend(hold(&connection, 1));
    server.until(|server| server.raw.accepted() == 2 && server.on(0) == 101).await;
    // It is used once it has said hello, which some calls may come before.
    soon(async {
        while server.on(1) == 0 {
            calls.extend(hold(&connection, 1));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let first = server.on(0);
    calls.extend(hold(&connection, 60));
    server.until(|server| server.on(0) + server.on(1) == calls.len()).await;
    assert_eq!(server.on(0), first, "the least loaded takes the next call");
    // No more than there may be.
    for _ in 0..40 {
        calls.extend(hold(&connection, 20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.until(|server| (0..4).map(|number| server.on(number)).sum::<usize>() == calls.len()).await;
    assert_eq!(server.raw.accepted(), DialOptions::default().connections);
    let each = (0..4).map(|number| server.on(number)).collect::<Vec<_>>();
    assert!(each.iter().max().unwrap() - each.iter().min().unwrap() < 100, "{each:?}");
    server.go.add_permits(calls.len());
    assert!(soon(join_all(calls)).await.into_iter().all(|call| call.unwrap()));
}

#[tokio::test]
async fn one_connection_is_one() {
    let server = Held::start(1000).await;
    let mut options = h2();
    options.connections = 1;
    let connection = dial(server.raw.address, &options).await;
    let calls = hold(&connection, 300);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.raw.accepted(), 1);
    server.go.add_permits(300);
    assert!(soon(join_all(calls)).await.into_iter().all(|call| call.unwrap()));
}

#[tokio::test]
async fn a_peer_that_takes_few_calls_gets_more_connections_sooner() {
    let server = Held::start(4).await;
    let connection = dial(server.raw.address, &h2()).await;
    assert_eq!(text(&soon(connection.dispatch(fast())).await.unwrap()), "{}");
    let calls = hold(&connection, 5);
    server.until(|server| server.raw.accepted() == 2).await;
    server.go.add_permits(5);
    assert!(soon(join_all(calls)).await.into_iter().all(|call| call.unwrap()));
}

/// Something in between that forwards bytes on each of its connections until it is told to stop: then those before this
/// number stay open, and nothing goes through.
async fn freezing(to: SocketAddr) -> (Raw, watch::Sender<usize>) {
    let (frozen, freeze) = watch::channel(0);
    let raw = Raw::start(move |mut caller, number| {
        let mut freeze = freeze.clone();
        async move {
            let mut server = TcpStream::connect(to).await.unwrap();
            let frozen = async { drop(freeze.wait_for(|before| number < *before).await) };
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut caller, &mut server) => return,
                () = frozen => {}
            }
            std::future::pending::<()>().await;
        }
    })
    .await;
    (raw, frozen)
}

/// Two connections, through something that can freeze them.
async fn pair(options: &DialOptions) -> (Held, Raw, watch::Sender<usize>, Arc<dyn Connection>) {
    let server = Held::start(4).await;
    let (proxy, freeze) = freezing(server.raw.address).await;
    let connection = dial(proxy.address, options).await;
    assert!(soon(connection.dispatch(fast())).await.is_ok());
    let calls = hold(&connection, 5);
    server.until(|server| server.raw.accepted() == 2).await;
    server.go.add_permits(5);
    assert!(soon(join_all(calls)).await.into_iter().all(|call| call.unwrap()));
    (server, proxy, freeze, connection)
}

fn patient(silence: u64, patience: u64) -> DialOptions {
    let mut options = h2();
    options.keep_alive = Duration::from_millis(silence);
    options.keep_alive_timeout = Duration::from_millis(patience);
    options.connections = 2;
    options
}

#[tokio::test]
async fn a_silent_connection_fails_its_calls_in_time_and_the_other_goes_on() {
    let (server, proxy, freeze, connection) = pair(&patient(1000, 500)).await;
    // All of these are on the first one; the last of them waits behind its limit.
    let before = server.on(0);
    let mut calls = Vec::new();
    while server.on(0) < before + 2 {
        let call = connection.dispatch(request_within("{}", LONG));
        calls.push(tokio::spawn(call));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let held = calls.len();
    freeze.send_replace(1);
    let start = Instant::now();
    let mut lost = 0;
    // Those who call now are not lost behind it.
    while start.elapsed() < Duration::from_secs(3) {
        let answered = soon(connection.dispatch(fast())).await;
        lost += usize::from(answered.is_err());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(lost <= 2, "{lost} calls went to a connection that was silent");
    assert_eq!(connection.state(), ConnectionState::Ready);
    server.go.add_permits(held);
    let mut failed = 0;
    for call in calls {
        if let Err(error) = soon(call).await.unwrap() {
            assert_eq!((error.code(), error.reached()), (Code::Unavailable, true), "{error}");
            assert!(error.detail().contains("ping"), "{error}");
            failed += 1;
        }
    }
    assert!(failed >= 2, "{failed} of {held}");
    // Another one takes its place when there is work for it.
    let accepted = proxy.accepted();
    let calls = hold(&connection, 20);
    server.until(|server| server.raw.accepted() > accepted).await;
    server.go.add_permits(20);
    assert!(soon(join_all(calls)).await.into_iter().all(|call| call.unwrap()));
}

#[tokio::test]
async fn a_connection_that_went_silent_while_idle_takes_no_call() {
    let (_server, _proxy, freeze, connection) = pair(&patient(300, 10_000)).await;
    freeze.send_replace(1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    // The first one would take this, and is asked first.
    for _ in 0..20 {
        let start = Instant::now();
        assert_eq!(text(&soon(connection.dispatch(fast())).await.unwrap()), "{}");
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn an_idle_connection_that_leads_nowhere_is_replaced_under_the_first_call() {
    let server = Held::start(4).await;
    let (proxy, freeze) = freezing(server.raw.address).await;
    let connection = dial(proxy.address, &patient(300, 10_000)).await;
    assert!(soon(connection.dispatch(fast())).await.is_ok());
    freeze.send_replace(1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let start = Instant::now();
    assert_eq!(text(&soon(connection.dispatch(fast())).await.unwrap()), "{}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_is_well_answers_at_once_after_being_idle() {
    let server = Held::start(4).await;
    let connection = dial(server.raw.address, &patient(50, 10_000)).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(text(&soon(connection.dispatch(fast())).await.unwrap()), "{}");
    }
    assert_eq!(server.raw.accepted(), 1);
}

#[tokio::test]
async fn who_takes_connections_and_closes_them_is_dialled_once_for_a_call() {
    let server = Raw::start(|mut stream, _| async move {
        let mut first = [0; 3];
        // A socket of the pool may stay.
        while stream.peek(&mut first).await.is_ok_and(|count| count > 0) {
            if &first == b"PRI" {
                return;
            }
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut first).await;
        }
    })
    .await;
    let connection = dial(server.address, &DialOptions::default()).await;
    for round in 1..=3 {
        let body = micro_core::BodyStream::of([micro_core::Frame::Data("1".into())]);
        let request = micro_core::Request::new(super::http_client::head(), micro_core::Body::Stream(body));
        let error = soon(connection.dispatch(request)).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error}");
        assert_eq!(server.accepted(), 1 + round);
    }
}
