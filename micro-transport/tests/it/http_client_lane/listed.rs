//! Nodes that list the lane and do not take it: what they list next is spoken, and no call fails for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use micro_transport::{Http, Transport};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{PREFACE, Seen, Stranger, a_minute, first_byte, listing, serve, until_gone, works};
use crate::http_client::{Raw, dial, soon};
use crate::http_server::options;

#[tokio::test]
async fn a_node_whose_lane_was_switched_off() {
    let mut plain = options();
    plain.protocols.lane = false;
    let address = serve(Arc::new(Seen::default()), &plain).await;
    for protocols in [["lane/1", "h2"], ["lane/1", "http/1.1"]] {
        let connection = dial(address, &listing(&protocols)).await;
        let over = join_all((0..50).map(|_| works(&connection))).await;
        assert!(over.iter().all(|over| over == protocols[1]), "{over:?}");
    }
    let error = soon(Http.dial(&address.into(), &listing(&["lane/1"]))).await.err().unwrap();
    assert!(error.reason() == "NO_LANE" && !error.reached(), "nothing else is listed: {error}");
}

/// Proxies that know nothing of the lane: one says so, one closes.
#[tokio::test]
async fn a_node_behind_what_does_not_pass_it() {
    for greeting in [&b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"[..], b"", b"\x89LANE\r\n\x02"]
    {
        let proxy = Stranger::start(Some(b"HTTP/1.1 500 asked\r\n\r\n"), greeting).await;
        let options = listing(&["lane/1", "http/1.1"]);
        for _ in 0..3 {
            works(&dial(proxy.raw.address, &options).await).await;
        }
        assert_eq!((proxy.prefaces(), proxy.offers()), (1, 0), "{}", greeting.escape_ascii());
        a_minute().await;
        works(&dial(proxy.raw.address, &options).await).await;
        assert_eq!(proxy.prefaces(), 2, "a minute later it is tried again");
    }
}

/// Something in between swallows the preface and says nothing to it.
#[tokio::test]
async fn a_node_that_is_silent_behind_the_preface() {
    let address = serve(Arc::new(Seen::default()), &options()).await;
    let prefaces = Arc::new(AtomicUsize::new(0));
    let count = prefaces.clone();
    let silent = Raw::start(move |mut stream, _| {
        let count = count.clone();
        async move {
            if first_byte(&stream).await == Some(PREFACE) {
                count.fetch_add(1, Ordering::SeqCst);
                return until_gone(stream).await;
            }
            let mut server = TcpStream::connect(address).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
        }
    })
    .await;
    for (count, next) in [(1, "h2"), (2, "http/1.1")] {
        let mut options = listing(&["lane/1", next]);
        options.timeout = Duration::from_secs(2);
        for _ in 0..3 {
            let start = Instant::now();
            assert_eq!(works(&dial(silent.address, &options).await).await, next);
            assert!(start.elapsed() < options.timeout * 5, "{:?}", start.elapsed());
            assert_eq!(prefaces.load(Ordering::SeqCst), count, "it is remembered");
        }
    }
    let mut options = listing(&["lane/1"]);
    options.timeout = Duration::from_millis(300);
    let error = soon(Http.dial(&silent.address.into(), &options)).await.err().unwrap();
    assert!(error.reason() == "NO_LANE" && !error.reached(), "{error}");
    assert!(error.detail().contains("said no HELLO within"), "{error}");
}
