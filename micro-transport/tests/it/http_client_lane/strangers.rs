//! Bare addresses of those who do not speak the lane, or not as they say.

use std::time::Duration;

use micro_core::Code;
use micro_transport::DialOptions;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use super::{Stranger, a_minute, after, offers, until_gone, works};
use crate::http_client::{Raw, dial, read_request, request, request_within, soon, text, write_answer};

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

/// One that is overloaded, or does not reach what is behind it, has not said whether the lane is spoken.
#[tokio::test]
async fn an_answer_that_says_nothing_of_the_lane() {
    for (answer, code) in [
        (&b"HTTP/1.1 503 busy\r\nContent-Length: 0\r\n\r\n"[..], Code::Unavailable),
        (b"HTTP/1.1 502 behind\r\nContent-Length: 0\r\n\r\n", Code::Unavailable),
        (b"HTTP/1.1 429 many\r\nContent-Length: 0\r\n\r\n", Code::ResourceExhausted),
    ] {
        let stranger = Stranger::start(Some(answer), b"").await;
        let options = DialOptions::default();
        let connection = dial(stranger.raw.address, &options).await;
        for asked in 1..=3 {
            let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
            assert_eq!((error.code(), stranger.offers()), (code, asked), "{error}");
            // Where it is the offer that is answered so, most calls work.
            let told = Instant::now();
            for _ in 0..5 {
                if told.elapsed() < Duration::from_millis(500) {
                    works(&connection).await;
                }
            }
            assert_eq!(stranger.offers(), asked);
            after(Duration::from_secs(1)).await;
        }
        assert!(soon(dial(stranger.raw.address, &options).await.dispatch(request("{}"))).await.is_err());
    }
}

/// Behind the 101 nothing comes, for longer than calls have time: it is found out all the same, and only once.
#[tokio::test]
async fn a_101_behind_which_there_is_silence() {
    let server = Raw::start(|mut stream, _| async move {
        while let Some((head, body)) = read_request(&mut stream).await {
            if offers(&head) {
                let accepted =
                    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: micro-lane\r\n\r\n";
                stream.write_all(accepted).await.unwrap();
                return until_gone(stream).await;
            }
            write_answer(&mut stream, &body).await;
        }
    })
    .await;
    let mut options = DialOptions::default();
    options.timeout = Duration::from_millis(500);
    let connection = dial(server.address, &options).await;
    let first = request_within("{}", Duration::from_millis(50));
    let error = soon(connection.dispatch(first)).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::DeadlineExceeded, true));
    let start = Instant::now();
    while start.elapsed() < options.timeout * 3 {
        works(&connection).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.accepted(), 2, "it was asked once");
    server.until_open(1).await;
}
