use std::time::Duration;

use bytes::Bytes;

use crate::conformance::running::{Running, SOON, route, within};
use crate::conformance::{Fixture, Promises};

/// How long it may take until a handler has ended whose caller went away.
const A_SECOND: Duration = Duration::from_secs(1);

/// Dropping a call ends its handler within a second.
pub async fn a_dropped_call_ends_its_handler(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let call = tokio::spawn(up.call("Probe.Held", "x"));
    within(SOON, "the start of the handler", up.probe.until_running(1)).await;
    call.abort();
    within(A_SECOND, "the end of a handler whose caller went away", up.probe.until_idle()).await;
    up.answers().await;
}

/// Dropping a stream that is not read to its end ends its handler within a second, whether that waits or sends.
pub async fn a_dropped_stream_ends_its_handler(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    for endpoint in ["Probe.HeldStream", "Probe.Flood"] {
        let call = up.stream(endpoint, Bytes::new());
        let mut receiver = call.await.expect("a stream");
        assert!(receiver.next().await.expect("a message").is_some());
        assert_eq!(up.probe.running(), 1);
        drop(receiver);
        within(A_SECOND, "the end of a handler whose caller went away", up.probe.until_idle()).await;
    }
    up.answers().await;
}

/// Dropping the answer of a call whose request is a stream ends its handler within a second, and its sender learns of it.
pub async fn a_dropped_streamed_request_ends_its_handler(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let (mut sender, answer) = up.client().client_stream::<Bytes, Bytes>(route("Probe.Total"));
    sender.send("x".into()).await.expect("a stream that is read");
    within(SOON, "a message at the handler", up.probe.until_messages(1)).await;
    drop(answer);
    within(A_SECOND, "the end of a handler whose caller went away", up.probe.until_idle()).await;
    within(SOON, "the sender to learn of it", sender.closed()).await;
    assert!(sender.send("y".into()).await.is_err(), "nobody reads any more");

    let (mut sender, mut receiver) = up.client().bidirectional::<Bytes, Bytes>(route("Probe.Echoes"));
    sender.send("x".into()).await.expect("a stream that is read");
    assert!(receiver.next().await.expect("a message").is_some());
    drop(receiver);
    within(A_SECOND, "the end of a handler whose caller went away", up.probe.until_idle()).await;
    within(SOON, "the sender to learn of it", sender.closed()).await;
    up.answers().await;
}
