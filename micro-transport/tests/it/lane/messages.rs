//! Messages that are too long, in parts, or above their credit.

use micro_core::Code;

use super::attack::{attack, attack_with, few};
use super::wire::*;

/// Longer than a message may be.
const LONG: u32 = 5 << 20;

#[tokio::test]
async fn a_long_message_fails_its_call_and_no_other() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        for number in 0..10_000 {
            let id = number % 7 + 1;
            wire.send(
                [begun(id, "Greeter.Hello", LONG, "{"), data(id, MIDDLE, "x"), data(id, LAST, "y")].concat(),
            )
            .await;
            let error = wire.failed(id).await;
            assert!(error.detail().contains("max_message") && !error.reached(), "{error}");
        }
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_long_message_of_one_frame_fails_its_call() {
    let mut options = few();
    options.max_message = 1_000;
    attack_with(options, async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        for number in 0..1_000 {
            let id = number % 7 + 1;
            wire.send(call(id, "Greeter.Hello", [b'x'; 1_001])).await;
            assert!(!wire.failed(id).await.reached());
        }
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn long_messages_of_streams_give_their_credit_back() {
    for total in [LONG, 1 << 31, u32::MAX] {
        attack(async |siege| {
            let count = if total == LONG { 10_000 } else { 100 };
            let mut wire = Wire::open(siege.server.address).await;
            let mut back = 0_u64;
            for number in 0..count {
                let id = number % 7 + 1;
                let sent = [
                    stream(id, "Test.Count"),
                    first(id, total, "a"),
                    data(id, MIDDLE, "b"),
                    data(id, LAST, "c"),
                ];
                wire.send(sent.concat()).await;
                loop {
                    let frame = wire.frame().await.expect("it was closed");
                    match frame.kind {
                        CREDIT if frame.id == 0 => {
                            let bytes = u32::from_be_bytes(frame.payload.try_into().unwrap());
                            assert!((1..1 << 31).contains(&bytes), "a credit of {bytes}");
                            back += u64::from(bytes);
                        }
                        END => break,
                        GOAWAY => panic!("{}", String::from_utf8_lossy(&frame.payload)),
                        _ => {}
                    }
                }
            }
            let sent = u64::from(count) * (u64::from(total) + 32);
            assert!(back + (8 << 20) > sent && back <= sent, "{back} of {sent}");
            wire.goes_on().await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_stream_above_its_credit_is_a_violation() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        // It may begin a message while it has credit, and is in debt then.
        wire.send([stream(1, "Test.Wait"), data(1, WHOLE, [0; 130_000]).repeat(3)].concat()).await;
        wire.pong().await;
        wire.send(data(1, WHOLE, "")).await;
        let (code, why) = wire.gone().await.unwrap();
        assert!(code == PROTOCOL && why.contains("credit"), "{why}");
    })
    .await;
}

#[tokio::test]
async fn a_message_in_parts_begins_within_its_credit() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(
            [stream(1, "Test.Wait"), data(1, WHOLE, [0; 130_000]).repeat(3), first(1, 9, "a")].concat(),
        )
        .await;
        let (code, why) = wire.gone().await.unwrap();
        assert!(code == PROTOCOL && why.contains("credit"), "{why}");
    })
    .await;
}

#[tokio::test]
async fn all_streams_together_are_within_the_credit_of_the_connection() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        // Each of them is within its own.
        let end = pour(&mut wire, 60, |n| {
            [stream(n + 1, "Test.Wait"), data(n + 1, WHOLE, [0; 130_000]).repeat(3)].concat()
        });
        let (code, why) = end.await.expect("it goes on");
        assert!(code == PROTOCOL && why.contains("credit"), "{why}");
    })
    .await;
}

#[tokio::test]
async fn a_message_that_nobody_reads_is_given_back_when_its_call_ends() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        let mut back = 0_u64;
        for number in 0..200 {
            let id = number % 5 + 1;
            wire.send(
                [stream(id, "Test.Wait"), data(id, WHOLE, [0; 100_000]).repeat(2), cancel(id)].concat(),
            )
            .await;
            loop {
                let frame = wire.frame().await.expect("it was closed");
                match frame.kind {
                    CREDIT if frame.id == 0 => {
                        back += u64::from(u32::from_be_bytes(frame.payload.try_into().unwrap()));
                    }
                    END => break,
                    GOAWAY => panic!("{}", String::from_utf8_lossy(&frame.payload)),
                    _ => {}
                }
            }
        }
        let sent = 200 * 2 * 100_032;
        assert!(back + (9 << 20) > sent && back <= sent, "{back} of {sent}");
        siege.app.until_running(0).await;
    })
    .await;
}

#[tokio::test]
async fn messages_in_parts_beside_each_other() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        let message = br#"{"name":"Jane"}"#;
        wire.send((1..=8).flat_map(|id| begun(id, "Greeter.Hello", 15, &message[..1])).collect::<Vec<_>>())
            .await;
        for at in 1..14 {
            wire.send((1..=8).flat_map(|id| data(id, MIDDLE, &message[at..=at])).collect::<Vec<_>>()).await;
        }
        for id in (1..=8).rev() {
            wire.send(data(id, LAST, &message[14..])).await;
            assert_eq!(wire.answered(id).await, br#"{"msg":"Hello Jane"}"#);
        }
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_part_of_a_call_that_failed_is_passed_over() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send([begun(1, "Greeter.Hello", 9, "a"), cancel(1)].concat()).await;
        let error = wire.failed(1).await;
        assert!(error.code() == Code::Cancelled && !error.reached(), "{error}");
        wire.send([data(1, MIDDLE, "b"), data(1, LAST, "c")].concat()).await;
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn credit_comes_back_in_large_steps() {
    const WINDOW: i64 = 256 * 1024;
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(stream(1, "Test.Count")).await;
        let (mut credit, mut sent, mut steps, mut count) = (WINDOW, 0, 0, 0);
        while sent < 10 * WINDOW {
            let mut messages = Vec::new();
            while credit > 0 {
                messages.extend(data(1, WHOLE, [b'x'; 100]));
                (credit, sent, count) = (credit - 132, sent + 132, count + 1);
            }
            wire.send(messages).await;
            let frame = wire.frame().await.expect("it was closed");
            assert_eq!(frame.kind, CREDIT);
            let bytes = i64::from(u32::from_be_bytes(frame.payload.try_into().unwrap()));
            if frame.id == 1 {
                assert!(bytes >= WINDOW / 2, "a step of {bytes}");
                (credit, steps) = (credit + bytes, steps + 1);
            }
        }
        assert!(steps <= 20, "{steps} frames for {sent} bytes");
        wire.send(end(1)).await;
        loop {
            let frame = wire.frame().await.expect("it was closed");
            if frame.kind == REPLY {
                assert!(frame.payload.ends_with(count.to_string().as_bytes()));
                break;
            }
            assert_eq!(frame.kind, CREDIT);
        }
    })
    .await;
}
