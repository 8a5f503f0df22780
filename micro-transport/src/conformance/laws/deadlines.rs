use std::time::{Duration, Instant};

use bytes::Bytes;
use micro_core::Code;

use crate::conformance::running::{Running, SOON, bytes, fails, route, within};
use crate::conformance::{Fixture, Promises};

/// Long enough for a handler to start, and short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// A call ends at its deadline with [`Code::DeadlineExceeded`], and its handler within a second more.
pub async fn the_deadline_ends_a_call(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    up.answers().await;
    let start = Instant::now();
    let result = within(SOON, "the end of a call at its deadline", up.call_within(SHORT, "Probe.Held")).await;
    fails(result, Code::DeadlineExceeded, "a call past its deadline");
    // Whoever is called may say so a little before its caller would.
    assert!(start.elapsed() >= SHORT * 9 / 10, "it was not ended before its time: {:?}", start.elapsed());
    assert_eq!(up.probe.started(), 2, "the handler has run");
    within(Duration::from_secs(1), "the end of its handler", up.probe.until_idle()).await;
    up.answers().await;
}

/// So does a stream that is not at its end, whoever of the two waits.
pub async fn the_deadline_ends_a_stream(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let client = up.client().with_stream_timeout(SHORT);
    let call = client.server_stream::<Bytes, Bytes>(route("Probe.HeldStream"), Bytes::new());
    let mut receiver = call.await.expect("a stream");
    assert!(receiver.next().await.expect("a message").is_some());
    let end = within(SOON, "the end of a stream at its deadline", receiver.next()).await;
    fails(end, Code::DeadlineExceeded, "a stream past its deadline");
    within(Duration::from_secs(1), "the end of its handler", up.probe.until_idle()).await;

    let (mut sender, answer) = client.client_stream::<Bytes, Bytes>(route("Probe.Total"));
    sender.send("x".into()).await.expect("a stream that is read");
    within(SOON, "a message at the handler", up.probe.until_messages(1)).await;
    // Nobody polls the call.
    within(SOON, "the end of its handler", up.probe.until_idle()).await;
    fails(answer.await, Code::DeadlineExceeded, "a call past its deadline");
    up.answers().await;
}

/// A call whose time is up before it is made fails at once, and no handler sees it.
pub async fn a_past_deadline_starts_nothing(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    up.answers().await;
    let result = within(SOON, "a call without time", up.call_within(Duration::ZERO, "Probe.Echo")).await;
    let error = fails(result, Code::DeadlineExceeded, "a call without time");
    assert!(!error.reached(), "no handler has seen it: {error:?}");
    up.answers().await;
    assert_eq!(up.probe.started(), 2, "no handler has seen it");
}

/// The handler sees how much time is left; none was given, none is seen.
pub async fn the_handler_sees_the_time_left(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let given = Duration::from_secs(20);
    let answer = bytes(up.call_within(given, "Probe.TimeLeft").await.expect("an answer"));
    let left: u128 = String::from_utf8_lossy(&answer).parse().expect("milliseconds");
    assert!((10_000..=given.as_millis()).contains(&left), "{left} ms of {given:?} are left");
    let answer = bytes(up.call("Probe.TimeLeft", "").await.expect("an answer"));
    assert_eq!(answer, "-1", "no deadline was given");
}
