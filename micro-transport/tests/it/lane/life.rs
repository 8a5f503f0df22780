//! Calls that are over, and connections that end anywhere.

use std::time::Duration;

use micro_core::Code;
use tokio::io::AsyncWriteExt;

use super::attack::{attack, attack_with, few};
use super::wire::*;

#[tokio::test]
async fn frames_of_calls_that_are_over_are_passed_over() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        for _ in 0..100 {
            wire.send(stream(3, "Greeter.Nope")).await;
            assert_eq!(wire.failed(3).await.code(), Code::Unimplemented);
            let late =
                [data(3, WHOLE, "a"), first(3, 9, "a"), data(3, LAST, "b"), credit(3, 1), end(3), cancel(3)];
            assert!(wire.send(late.concat()).await);
        }
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn what_comes_for_calls_that_are_over_is_given_back() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        let (mut sent, mut back) = (0, 0);
        wire.send(data(7, WHOLE, "")).await;
        for _ in 0..400 {
            wire.send(data(7, WHOLE, [0; 100_000])).await;
            sent += 100_032;
        }
        wire.send(ping()).await;
        while let Some(frame) = wire.frame().await {
            match frame.kind {
                CREDIT => {
                    assert_eq!(frame.id, 0);
                    back += u32::from_be_bytes(frame.payload.try_into().unwrap());
                }
                PONG => break,
                kind => panic!("kind {kind}"),
            }
        }
        assert!(back + (8 << 20) > sent && back <= sent + 32, "{back} of {sent}");
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_call_is_answered_once() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        for id in 1..=50 {
            wire.send([call(id, "Test.Wait", "{}"), cancel(id), cancel(id)].concat()).await;
            assert_eq!(wire.failed(id).await.code(), Code::Cancelled);
        }
        siege.app.until_running(0).await;
        // All numbers are free again.
        wire.send((1..=50).flat_map(|id| call(id, "Test.Wait", "{}")).collect::<Vec<_>>()).await;
        siege.app.until_running(50).await;
        wire.pong().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_cancelled_in_its_midst_gives_its_credit_back() {
    attack(async |siege| {
        const TOTAL: u32 = 4_000_000;
        let mut wire = Wire::open(siege.server.address).await;
        let mut back = 0_u64;
        for id in 1..=50 {
            wire.send([stream(id, "Test.Wait"), first(id, TOTAL, "a"), cancel(id)].concat()).await;
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
        let sent = 50 * u64::from(TOTAL + 32);
        assert!(back + (8 << 20) > sent && back <= sent, "{back} of {sent}");
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_was_moved_elsewhere_ends_with_its_call() {
    attack(async |siege| {
        // The answer is a stream that reads the request's: it goes on in the task of the call.
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(stream(1, "Test.Echo")).await;
        siege.app.until_running(1).await;
        wire.send(cancel(1)).await;
        assert_eq!(wire.failed(1).await.code(), Code::Cancelled);
        siege.app.until_running(0).await;
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_whose_task_panics_is_answered() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        for _ in 0..3 {
            wire.send(call(1, "Test.Panic", "{}")).await;
            let error = wire.failed(1).await;
            assert!(error.code() == Code::Internal && error.reached(), "{error}");
        }
        wire.goes_on().await;
    })
    .await;
}

#[tokio::test]
async fn a_half_closed_socket_ends_its_calls() {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(call(1, "Test.Wait", "{}")).await;
        siege.app.until_running(1).await;
        wire.socket.shutdown().await.unwrap();
        siege.app.until_running(0).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_ends_at_any_byte_leaves_nothing() {
    attack(async |siege| {
        let all = [
            PREFACE.to_vec(),
            hello(&[(2, 1 << 20)]),
            frame(ROUTE, 1, b"\0\x07greeter\0\x09Test.Wait"),
            call(1, "Test.Wait", "{}"),
            begun(2, "Test.Wait", 9, "{"),
            stream(3, "Test.Wait"),
            first(3, 99, "abc"),
            data(2, LAST, "12345678"),
            ping(),
        ]
        .concat();
        for end in 0..all.len() {
            let mut wire = Wire::to(siege.server.address).await;
            wire.send(&all[..end]).await;
            if end % 2 == 0 {
                // Reset, and not closed.
                socket2::SockRef::from(&wire.socket).set_linger(Some(Duration::ZERO)).unwrap();
            }
        }
    })
    .await;
}

#[tokio::test]
async fn noise_is_survived() {
    attack(async |siege| {
        for seed in 1..=100_u64 {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut next = move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state
            };
            // Frames that are nearly sound: some kind, a small id, a small payload of anything.
            let noise = (0..50).flat_map(|_| {
                let payload: Vec<u8> = (0..next() % 40).map(|_| next() as u8 & 0x1f).collect();
                frame((next() % 16) as u8, (next() % 4) as u32, payload)
            });
            let mut wire = Wire::open(siege.server.address).await;
            wire.send(noise.collect::<Vec<_>>()).await;
            wire.gone().await;
        }
    })
    .await;
}

#[tokio::test]
async fn prefaces_that_nothing_follows() {
    let mut options = few();
    options.header_timeout = Duration::from_millis(500);
    attack_with(options, async |siege| {
        let mut wires = Vec::new();
        for _ in 0..50 {
            let mut wire = Wire::to(siege.server.address).await;
            wire.send(PREFACE).await;
            wires.push(wire);
        }
        for wire in &mut wires {
            wire.preface().await;
            let (code, why) = wire.gone().await.expect("no word");
            assert!(code == IDLE && why.contains("header_timeout"), "{why}");
        }
    })
    .await;
}
