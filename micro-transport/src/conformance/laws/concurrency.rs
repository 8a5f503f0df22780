use futures_util::future::join_all;

use crate::conformance::running::{Running, SOON, bytes, within};
use crate::conformance::{Fixture, Promises};

/// 200 calls at once are each given their own answer; at least 50 of them run at the same time.
pub async fn many_calls_at_once(promises: &Promises, fixture: &Fixture) {
    const CALLS: usize = 200;
    const TOGETHER: usize = 50;
    let up = Running::start(promises, fixture).await;
    let message = |i: usize| format!("{i} {}", "x".repeat(i * 7));
    let calls = tokio::spawn(join_all((0..CALLS).map(|i| up.call("Probe.Held", message(i)))));
    within(SOON, "the start of many calls", up.probe.until_running(TOGETHER)).await;
    up.probe.open();
    let answers = within(SOON, "the answers of many calls", calls).await.expect("no panic");
    for (i, answer) in answers.into_iter().enumerate() {
        assert_eq!(bytes(answer.expect("an answer")), message(i), "each call has its own answer");
    }
    assert_eq!(up.probe.started(), CALLS, "no call is made twice");
}

/// While one call waits, others on the same connection are answered.
pub async fn a_slow_call_blocks_no_other(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let slow = tokio::spawn(up.call("Probe.Held", "slow"));
    within(SOON, "the start of the slow call", up.probe.until_running(1)).await;
    for _ in 0..20 {
        within(SOON, "a fast call beside a slow one", up.answers()).await;
    }
    assert!(!slow.is_finished(), "the slow call is still slow");
    up.probe.open();
    let answer = within(SOON, "the slow call", slow).await.expect("no panic");
    assert_eq!(bytes(answer.expect("an answer")), "slow");
}

/// Of many calls some are dropped while they run: the others get their own answers, and so do those that are made
/// right after.
pub async fn cancelled_calls_are_not_mixed_up_with_others(promises: &Promises, fixture: &Fixture) {
    const ROUNDS: usize = 20;
    const CALLS: usize = 10;
    let up = Running::start(promises, fixture).await;
    let mut kept = Vec::new();
    for round in 0..ROUNDS {
        let mut dropped = tokio::task::JoinSet::new();
        for i in 0..CALLS {
            dropped.spawn(up.call("Probe.Held", format!("dropped {round} {i}")));
        }
        let before = up.probe.started();
        let sent = format!("kept {round}");
        kept.push((sent.clone(), tokio::spawn(up.call("Probe.Held", sent))));
        within(SOON, "the start of a call", up.probe.until_started(before + 1)).await;
        dropped.shutdown().await;
        up.answers().await;
    }
    up.probe.open();
    for (sent, call) in kept {
        let answer = within(SOON, "the answer of a call that was kept", call).await.expect("no panic");
        assert_eq!(bytes(answer.expect("an answer")), sent);
    }
    within(SOON, "the end of the calls that were dropped", up.probe.until_idle()).await;
}
