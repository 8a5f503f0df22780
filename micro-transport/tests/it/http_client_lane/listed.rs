//! Nodes that list the lane and do not take it: what they list next is spoken, and no call fails for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use micro_core::Address;
use micro_transport::{Http, Transport};

use super::{Between, Seen, Stranger, a_minute, is_lane, listing, works};
use crate::http_client::{dial, soon};
use crate::http_server::app::App;
use crate::http_server::{Server, options};

#[tokio::test]
async fn a_node_whose_lane_was_switched_off() {
    let mut plain = options();
    plain.protocols.lane = false;
    let server = Server::with(plain, &App::new()).await;
    for protocols in [["lane/1", "h2"], ["lane/1", "http/1.1"]] {
        let connection = dial(server.address, &listing(&protocols)).await;
        assert!(format!("{connection:?}").contains(protocols[1]), "{connection:?}");
        join_all((0..50).map(|_| works(&connection))).await;
    }
    let error = soon(Http.dial(&server.address.into(), &listing(&["lane/1"]))).await.err().unwrap();
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

/// A connection that ends at its beginning says nothing of the lane where nothing else works either.
#[tokio::test]
async fn a_node_that_is_not_well_is_not_remembered() {
    let seen = Arc::new(Seen::default());
    let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), &options()).await.unwrap();
    let address = listener.addresses()[0].socket().unwrap();
    tokio::spawn(listener.serve(seen.clone(), micro_core::Shutdown::new()));
    let relay = Between::start(address).await;
    relay.shut.store(true, Ordering::SeqCst);
    let options = listing(&["lane/1", "h2"]);
    let error = soon(Http.dial(&relay.raw.address.into(), &options)).await.err().unwrap();
    assert!(!error.reached(), "{error}");
    relay.shut.store(false, Ordering::SeqCst);
    let connection = dial(relay.raw.address, &options).await;
    works(&connection).await;
    assert!(is_lane(&connection) && seen.count() == 1);
}
