//! Peers that take nothing, or take too long.

use std::time::Duration;

use micro_transport::Placement;
use tokio::time::Instant;

use super::attack::{attack_with, few};
use super::wire::*;
use crate::hostile::alone::floods;
use crate::http_server::options;

const SHORT: Duration = Duration::from_millis(600);

fn impatient() -> micro_transport::ListenOptions {
    let mut options = few();
    options.message_timeout = SHORT;
    options
}

#[tokio::test]
async fn a_frame_that_dribbles_is_given_up() {
    attack_with(impatient(), async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        // A connection that has been idle looks at its clock seldom.
        wire.goes_on().await;
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        let start = Instant::now();
        let bytes = call(2, "Greeter.Hello", [b'x'; 100]);
        for byte in &bytes[..bytes.len() - 1] {
            if !wire.send([*byte]).await || start.elapsed() > SHORT * 3 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        wire.gone().await;
        assert!(start.elapsed() < SHORT * 10, "{:?}", start.elapsed());
    })
    .await;
}

#[tokio::test]
async fn a_message_in_parts_that_never_ends_fails_its_call() {
    attack_with(impatient(), async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.goes_on().await;
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        let start = Instant::now();
        wire.send(begun(1, "Greeter.Hello", 9, "a")).await;
        let error = wire.failed(1).await;
        assert!(error.detail().contains("message_timeout") && !error.reached(), "{error}");
        assert!(start.elapsed() >= SHORT && start.elapsed() < SHORT * 10, "{:?}", start.elapsed());
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_of_a_stream_that_never_ends_fails_its_call() {
    attack_with(impatient(), async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send([stream(1, "Test.Wait"), first(1, 9, "a")].concat()).await;
        let error = wire.failed(1).await;
        assert!(error.detail().contains("message_timeout"), "{error}");
        wire.goes_on().await;
    })
    .await;
}

/// A frame is not late while the other side reads nothing, as its answers are not taken as fast as they are made.
#[tokio::test]
async fn a_frame_that_is_not_read_is_not_late() {
    attack_with(impatient(), async |siege| {
        let mut wire = Wire::with(siege.server.address, &[(2, 64 << 20)]).await;
        let last = call(11, "Greeter.Hello", r#"{"name":"Jane"}"#);
        let calls = (1..=10).flat_map(|id| call(id, "Test.Big", ""));
        wire.send(calls.chain(last[..9].iter().copied()).collect::<Vec<_>>()).await;
        let start = Instant::now();
        while start.elapsed() < SHORT * 3 {
            wire.frame().await.expect("it is closed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        wire.send(&last[9..]).await;
        assert_eq!(wire.answered(11).await, br#"{"msg":"Hello Jane"}"#);
    })
    .await;
}

/// What is read always ends within a frame, for longer than a frame may take.
#[tokio::test]
async fn frames_one_behind_the_other_are_not_one_slow_frame() {
    attack_with(impatient(), async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        let one = call(1, "Greeter.Hello", r#"{"name":"Jane"}"#);
        let (head, tail) = one.split_at(5);
        wire.send(head).await;
        let start = Instant::now();
        while start.elapsed() < SHORT * 3 {
            assert!(wire.send([tail, head].concat()).await, "it is closed");
            wire.answered(1).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_silent_peer_is_asked_and_given_up() {
    let mut options = few();
    options.keep_alive = Duration::from_millis(300);
    options.keep_alive_timeout = Duration::from_millis(300);
    attack_with(options, async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.goes_on().await;
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        let start = Instant::now();
        wire.send(call(1, "Test.Wait", "{}")).await;
        siege.app.until_running(1).await;
        // It says nothing to the PING.
        wire.gone().await;
        assert!(start.elapsed() < Duration::from_secs(6), "{:?}", start.elapsed());
        siege.app.until_running(0).await;
    })
    .await;
}

/// The same where all handlers are polled in the task of their connection.
fn in_place() -> micro_transport::ListenOptions {
    let mut options = few();
    options.placement = Placement::InPlace;
    options
}

/// The same with places for all calls that come here.
fn wide() -> micro_transport::ListenOptions {
    let mut options = options();
    options.message_timeout = SHORT;
    options
}

floods! {
    answers_that_nobody_takes: wide() => async |siege: &crate::hostile::siege::Siege| {
        given_up(siege, "Greeter.Hello", format!(r#"{{"name":"{}"}}"#, "x".repeat(1_000))).await;
    };
    large_answers_that_nobody_takes: wide() => async |siege: &crate::hostile::siege::Siege| {
        given_up(siege, "Test.Echo", "x".repeat(100_000)).await;
    };
    answers_in_parts_that_nobody_takes: wide() => async |siege: &crate::hostile::siege::Siege| {
        // The answer to a call of 60 bytes has 8 MiB.
        given_up(siege, "Test.Big", "").await;
    };
    answers_in_parts_to_calls_that_came_together: few() => async |siege: &crate::hostile::siege::Siege| {
        answered_by_and_by(siege).await;
    };
    answers_in_parts_to_calls_that_came_together_in_place: in_place() => async |siege: &crate::hostile::siege::Siege| {
        answered_by_and_by(siege).await;
    };
    streams_that_nobody_takes: wide() => async |siege: &crate::hostile::siege::Siege| {
        given_up(siege, "Test.Flood", "").await;
    };
    answers_that_nobody_may_take: impatient() => async |siege: &crate::hostile::siege::Siege| {
        // A peer that takes no messages in parts, and is told so, keeps nothing here.
        let mut wire = Wire::with(siege.server.address, &[(2, 64 << 20), (8, 0)]).await;
        for _ in 0..100 {
            wire.send(call(1, "Test.Big", "")).await;
            wire.failed(1).await;
        }
    };
}

/// Calls that come together, each of which is answered with 8 MiB: no more answers are made than there is room for, and all
/// come in the end.
async fn answered_by_and_by(siege: &crate::hostile::siege::Siege) {
    const CALLS: u32 = 40;
    let mut wire = Wire::with(siege.server.address, &[(2, 64 << 20)]).await;
    wire.send((1..=CALLS).flat_map(|id| call(id, "Test.Big", "")).collect::<Vec<_>>()).await;
    tokio::time::sleep(A_WHILE).await;
    let (mut ended, mut bytes) = (0, 0);
    while ended < CALLS {
        let frame = wire.frame().await.expect("it is closed");
        let part = match frame.kind {
            REPLY => frame.payload.len() - 5,
            DATA => frame.payload.len() - 1,
            kind => panic!("kind {kind}"),
        };
        ended += u32::from(frame.kind == DATA && frame.payload[0] == LAST);
        bytes += part;
    }
    assert_eq!(bytes, CALLS as usize * (8 << 20));
}

/// A peer that calls and calls, and reads nothing: no more is read of it, and it is given up.
async fn given_up(siege: &crate::hostile::siege::Siege, endpoint: &str, message: impl AsRef<[u8]>) {
    let wire = Wire::with(siege.server.address, &[(2, 64 << 20), (4, 1 << 30), (5, 1 << 30)]).await;
    let start = Instant::now();
    let mut wire = wire;
    let mut writer = wire.writer();
    let pouring = async {
        use tokio::io::AsyncWriteExt;
        for number in 0.. {
            // Those whose answers are made anew are made one by one: what many handlers make at a time is theirs.
            let (id, pause) =
                if endpoint == "Test.Big" { (number % 64 + 1, 10) } else { (number % 1_000 + 1, 0) };
            if endpoint == "Test.Flood" && number == 64
                || writer.write_all(&call(id, endpoint, message.as_ref())).await.is_err()
            {
                break;
            }
            if pause > 0 {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
        std::future::pending::<()>().await;
    };
    let served = async {
        while siege.app.running() > 0 || start.elapsed() < SHORT * 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = pouring => {}
        () = served => {}
        () = tokio::time::sleep(crate::http_server::LONG) => panic!("it is not given up"),
    }
}
