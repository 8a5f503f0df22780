use std::sync::Arc;
use std::time::Duration;

use crate::conformance::running::{Running, SOON, bytes, within};
use crate::conformance::{Fixture, Promises};

/// A message is answered, byte by byte, and a second one on the same connection.
pub async fn a_message_is_answered(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    for message in [every_byte, b"another".to_vec()] {
        let answer = up.call("Probe.Echo", message.clone()).await;
        assert_eq!(bytes(answer.expect("an answer")), message);
    }
}

/// A message without bytes is answered by one without bytes.
pub async fn an_empty_message_is_answered(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    assert_eq!(bytes(up.call("Probe.Echo", "").await.expect("an answer")), "");
    assert_eq!(bytes(up.call("Probe.Size", "0").await.expect("an answer")), "");
    assert_eq!(up.probe.started(), 2, "a message without bytes is a message");
}

/// After a thousand calls, one after the other, nothing is left of them: no handler, and nothing that holds the service.
pub async fn a_thousand_calls_leave_nothing_behind(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    up.answers().await;
    let holders = settled(&up, usize::MAX).await;
    for i in 0..1_000 {
        let message = i.to_string();
        assert_eq!(bytes(up.call("Probe.Echo", message.clone()).await.expect("an answer")), message);
    }
    assert_eq!(up.probe.started(), 1_001);
    let left = settled(&up, holders).await;
    assert!(left <= holders, "{left} things hold the service, and {holders} did before the calls");
}

/// How many things hold the service's state, once they are at most `most` or had time to go.
async fn settled(up: &Running, most: usize) -> usize {
    within(SOON, "the end of the handlers", up.probe.until_idle()).await;
    for _ in 0..100 {
        if Arc::strong_count(&up.probe) <= most {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Arc::strong_count(&up.probe)
}
