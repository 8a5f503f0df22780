//! Nodes that list the lane and do not take it: what they list next is spoken, and no call fails for it.

use std::sync::Arc;

use futures_util::future::join_all;
use micro_transport::{Http, Transport};

use super::{Seen, Stranger, a_minute, listing, serve, works};
use crate::http_client::{dial, soon};
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
