//! Bare addresses of those who do not speak the lane, or not as they say.

use micro_core::Code;
use micro_transport::DialOptions;

use super::{Stranger, a_minute, works};
use crate::http_client::{dial, request, soon, text};

#[tokio::test]
async fn an_offer_that_is_copied_into_the_answer_is_no_answer_to_it() {
    let go = Stranger::start(None, b"").await;
    let options = DialOptions::default();
    let connection = dial(go.raw.address, &options).await;
    for _ in 0..20 {
        let response = soon(connection.dispatch(request("{\"msg\":1}"))).await.unwrap();
        assert_eq!(text(&response), "{\"msg\":1}");
        assert!(response.metadata().is_empty(), "{:?}", response.metadata());
    }
    assert_eq!((go.offers(), go.raw.accepted()), (1, 1), "it was asked once, and its socket is used again");
    // So much is known of the address, and not of the connection alone.
    let other = dial(go.raw.address, &options.clone()).await;
    works(&other).await;
    assert_eq!(go.offers(), 1);
    a_minute().await;
    for _ in 0..5 {
        works(&connection).await;
    }
    assert_eq!(go.offers(), 2);
}

/// What a peer answers to the offer.
async fn only_the_first_fails(answer: &'static [u8], code: Code, why: &str) {
    let stranger = Stranger::start(Some(answer), b"").await;
    let connection = dial(stranger.raw.address, &DialOptions::default()).await;
    let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (code, true), "{error}");
    assert!(error.detail().contains(why), "{error}");
    for _ in 0..5 {
        works(&connection).await;
    }
    assert_eq!(stranger.offers(), 1, "{}", answer.escape_ascii());
    a_minute().await;
    assert!(soon(connection.dispatch(request("{}"))).await.is_err());
    assert_eq!(stranger.offers(), 2);
}

#[tokio::test]
async fn a_101_to_another_protocol_accepts_nothing() {
    let answer =
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi";
    only_the_first_fails(answer, Code::Unknown, "101").await;
    only_the_first_fails(b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Code::Unknown, "101").await;
}

#[tokio::test]
async fn a_101_behind_which_nothing_comes() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\n\r\n";
    only_the_first_fails(answer, Code::Unavailable, "broke").await;
}

#[tokio::test]
async fn a_101_behind_which_no_lane_comes() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    only_the_first_fails(answer, Code::Unavailable, "speaks no lane").await;
    // Another version.
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\n\r\n\x89LANE\r\n\x09";
    only_the_first_fails(answer, Code::Unavailable, "version 9").await;
}
