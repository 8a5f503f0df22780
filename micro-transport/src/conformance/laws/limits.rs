use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use micro_core::{Code, Error};

use crate::conformance::running::{Running, SOON, bytes, fails, route, within};
use crate::conformance::{Fixture, Promises};

fn assert_too_large(error: &Error, most: usize, reached: bool) {
    assert_eq!((error.http(), error.reason()), (413, "MESSAGE_TOO_LARGE"), "{error:?}");
    assert!(error.detail().contains(&most.to_string()), "the error says what the limit is: {error}");
    assert!(error.detail().contains("max_message"), "the error says which setting raises it: {error}");
    assert_eq!(error.reached(), reached, "whether a handler has seen the call: {error:?}");
}

/// A message of exactly the limit goes there and back.
pub async fn the_largest_message_goes_both_ways(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let message: Bytes = (0..promises.max_message).map(|i| (i % 251) as u8).collect();
    let answer = bytes(up.call("Probe.Echo", message.clone()).await.expect("an answer"));
    assert!(answer == message, "{} bytes came back changed, as {}", message.len(), answer.len());
}

/// A request above the limit is refused with status 413 before any handler runs, by an error that has the limit and the
/// name of the setting; the connection is as good as new.
pub async fn a_larger_request_is_refused(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    for above in [1, promises.max_message / 4 + 1] {
        let message = vec![b'x'; promises.max_message + above];
        let error = fails(up.call("Probe.Echo", message).await, Code::ResourceExhausted, "a larger request");
        assert_too_large(&error, promises.max_message, false);
        assert_eq!(up.probe.started(), 0, "no handler runs");
    }
    up.answers().await;
}

/// An answer above what its caller reads fails the call in the same way, but the handler has run.
pub async fn a_larger_answer_is_refused(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let size = (promises.max_message + 1).to_string();
    let error = fails(up.call("Probe.Size", size).await, Code::ResourceExhausted, "a larger answer");
    assert_too_large(&error, promises.max_message, true);
    up.answers().await;
}

/// A message above the limit ends its stream with that error, in either direction; the connection is as good as new.
pub async fn a_larger_message_in_a_stream_is_refused(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let client = up.client();
    let size = Bytes::from((promises.max_message + 1).to_string());
    let answer = async {
        let mut receiver = client.server_stream::<Bytes, Bytes>(route("Probe.SizeStream"), size).await?;
        receiver.next().await
    };
    let error = fails(answer.await, Code::ResourceExhausted, "a larger message in an answer");
    assert_too_large(&error, promises.max_message, true);

    let (mut sender, answer) = client.client_stream::<Bytes, Bytes>(route("Probe.Total"));
    sender.send("small".into()).await.expect("a stream that is read");
    // Whether it goes out before it is refused is the transport's.
    let _ = sender.send(vec![b'x'; promises.max_message + 1].into()).await;
    drop(sender);
    let error = fails(answer.await, Code::ResourceExhausted, "a larger message in a request");
    assert_too_large(&error, promises.max_message, true);
    up.answers().await;
}

/// Above `max_calls` a call is refused as not reached; those that run are answered, and then there is room again.
pub async fn calls_above_the_limit_are_refused(promises: &Promises, fixture: &Fixture) {
    let fixture = fixture.clone().listening(|options| options.max_calls = 2);
    let up = Running::start(promises, &fixture).await;
    let running = tokio::spawn(join_all([up.call("Probe.Held", "a"), up.call("Probe.Held", "b")]));
    within(SOON, "the start of two calls", up.probe.until_running(2)).await;
    let error = fails(up.call("Probe.Echo", "c").await, Code::ResourceExhausted, "a third call");
    assert!(!error.reached(), "it may be sent to another node: {error:?}");
    assert!(error.retry_after().is_some(), "it says when to come back: {error:?}");
    assert!(error.detail().contains("max_calls"), "the error says which setting raises the limit: {error}");
    assert_eq!(up.probe.started(), 2, "no handler runs");
    up.probe.open();
    let answers = within(SOON, "the answers of two calls", running).await.expect("no panic");
    for (answer, sent) in answers.into_iter().zip(["a", "b"]) {
        assert_eq!(bytes(answer.expect("an answer")), sent);
    }
    // The answer may arrive before its call is over on the other side.
    let room = async {
        while let Err(error) = up.call("Probe.Echo", "room").await {
            assert_eq!((error.code(), error.reached()), (Code::ResourceExhausted, false), "{error:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(SOON, "room for a call", room).await;
}
