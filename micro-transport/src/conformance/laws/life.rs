use std::time::Duration;

use bytes::Bytes;
use micro_core::{Code, Result, Shutdown};

use crate::ConnectionState;
use crate::conformance::running::{Running, SOON, bytes, fails, route, within};
use crate::conformance::{Fixture, Promises};

/// A listener whose `serve` is dropped: what is in flight fails with [`Code::Unavailable`] within the promised time, the
/// handlers end, and calls after that are not reached. The connection closes, or connects to the next listener there.
pub async fn the_death_of_a_listener_fails_what_is_in_flight(promises: &Promises, fixture: &Fixture) {
    let mut up = Running::start(promises, fixture).await;
    up.answers().await;
    assert_eq!(up.connection.state(), ConnectionState::Ready);
    let unary = tokio::spawn(up.call("Probe.Held", "x"));
    within(SOON, "the start of a call", up.probe.until_running(1)).await;
    let mut stream = None;
    if promises.streams {
        let call = up.stream("Probe.HeldStream", Bytes::new());
        let mut receiver = call.await.expect("a stream");
        assert!(receiver.next().await.expect("a message").is_some());
        stream = Some(receiver);
    }
    up.die().await;
    within(SOON, "the end of the handlers", up.probe.until_idle()).await;
    let Some(limit) = promises.peer_death else { return };
    let result = within(limit, "the end of a call in flight", unary).await.expect("no panic");
    let error = fails(result, Code::Unavailable, "a call in flight");
    assert!(error.reached(), "its handler has seen it, so it must not simply be sent again: {error:?}");
    if let Some(mut receiver) = stream {
        let result = within(limit, "the end of a stream in flight", receiver.next()).await;
        fails(result, Code::Unavailable, "a stream in flight");
    }
    let error = refused(&up, "a call to nobody").await;
    assert!(!error.reached(), "nobody has seen it: {error:?}");
    if promises.closes {
        within(SOON, "the connection to notice", up.connection.changed(ConnectionState::Ready)).await;
        assert_eq!(up.connection.state(), ConnectionState::Closed);
    } else {
        stays(&up).await;
        let again = up.start_again().await;
        within(SOON, "a call to the next listener", up.answers()).await;
        drop(again);
    }
}

/// The connection does not close, as it connects again.
async fn stays(up: &Running) {
    let changed =
        tokio::time::timeout(Duration::from_millis(50), up.connection.changed(ConnectionState::Ready));
    assert!(changed.await.is_err(), "the connection closes, so that should be promised");
    assert_eq!(up.connection.state(), ConnectionState::Ready);
}

/// The error of a call on the connection, which must be refused.
async fn refused(up: &Running, what: &str) -> micro_core::Error {
    let result = within(SOON, what, up.call("Probe.Echo", "x")).await;
    fails(result, Code::Unavailable, what)
}

/// After `stop` has fired, calls that were accepted are answered, new ones are refused as not reached, here and on new
/// connections, and then `serve` returns.
pub async fn draining_answers_what_was_accepted(promises: &Promises, fixture: &Fixture) {
    let mut up = Running::start(promises, fixture).await;
    let accepted = tokio::spawn(up.call("Probe.Held", "accepted"));
    within(SOON, "the start of a call", up.probe.until_running(1)).await;
    up.stop.fire();
    // Whoever listens needs a moment to hear it, and until then accepts.
    let error = within(
        SOON,
        "the refusal of new calls",
        until_refused(async || up.call("Probe.Echo", "x").await.map(drop)),
    )
    .await;
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error:?}");
    let error = within(
        SOON,
        "the refusal of new connections",
        until_refused(async || up.call_anew().await.map(drop)),
    )
    .await;
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error:?}");
    assert!(!accepted.is_finished(), "what was accepted goes on");
    up.probe.open();
    let answer = within(SOON, "the call that was accepted", accepted).await.expect("no panic");
    assert_eq!(bytes(answer.expect("an answer")), "accepted");
    up.served().await.expect("a listener that was stopped");
    if promises.closes {
        within(SOON, "the connection to notice", up.connection.changed(ConnectionState::Ready)).await;
        assert_ne!(up.connection.state(), ConnectionState::Ready);
    } else {
        stays(&up).await;
    }
}

/// The first error of calls that are made again and again.
async fn until_refused(call: impl AsyncFn() -> Result<()>) -> micro_core::Error {
    loop {
        if let Err(error) = call().await {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// After `stop` has fired, a stream goes on to its own end, and `serve` waits for it.
pub async fn draining_ends_streams_in_their_time(promises: &Promises, fixture: &Fixture) {
    let Some(mut up) = Running::streaming(promises, fixture).await else { return };
    let client = up.client();
    let call = client.server_stream::<Bytes, Bytes>(route("Probe.HeldStream"), Bytes::new());
    let mut down = call.await.expect("a stream");
    assert!(down.next().await.expect("a message").is_some());
    let (mut sender, answer) = client.client_stream::<Bytes, Bytes>(route("Probe.Total"));
    sender.send("before".into()).await.expect("a stream that is read");
    within(SOON, "a message at the handler", up.probe.until_messages(1)).await;
    up.stop.fire();
    within(
        SOON,
        "the refusal of new calls",
        until_refused(async || up.call("Probe.Echo", "x").await.map(drop)),
    )
    .await;
    sender.send("after".into()).await.expect("a stream that is read");
    drop(sender);
    assert_eq!(within(SOON, "the answer to a stream", answer).await.expect("an answer"), "2 11");
    up.probe.open();
    let second = within(SOON, "the second message", down.next()).await.expect("a message");
    assert_eq!(second.as_deref(), Some(&b"second"[..]));
    assert_eq!(down.next().await.expect("the end"), None);
    up.served().await.expect("a listener that was stopped");
}

/// What still runs after `stop` when [`ListenOptions::cancel`](crate::ListenOptions::cancel) fires is told that the
/// service stopped, its handlers end, and `serve` returns.
pub async fn what_is_cancelled_after_a_stop_is_told(promises: &Promises, fixture: &Fixture) {
    let fixture = with_a_cancel_of_its_own(fixture);
    let mut up = Running::start(promises, &fixture).await;
    let held = tokio::spawn(up.call("Probe.Held", "x"));
    within(SOON, "the start of a call", up.probe.until_running(1)).await;
    up.stop.fire();
    fixture.listen.cancel.fire();
    let error =
        within(SOON, "the end of the call", held).await.expect("no panic").expect_err("it was cancelled");
    assert_eq!(
        (error.code(), error.reason(), error.reached()),
        (Code::Unavailable, "STOPPING", true),
        "{error:?}"
    );
    within(SOON, "the end of the handler", up.probe.until_running(0)).await;
    up.served().await.expect("a listener that was stopped");

    let fixture = with_a_cancel_of_its_own(&fixture);
    let Some(mut up) = Running::streaming(promises, &fixture).await else { return };
    let client = up.client();
    let call = client.server_stream::<Bytes, Bytes>(route("Probe.HeldStream"), Bytes::new());
    let mut down = call.await.expect("a stream");
    assert!(down.next().await.expect("a message").is_some());
    up.stop.fire();
    fixture.listen.cancel.fire();
    let error = within(SOON, "the end of the stream", down.next()).await.expect_err("it was cancelled");
    assert_eq!((error.code(), error.reason()), (Code::Unavailable, "STOPPING"), "{error:?}");
    up.served().await.expect("a listener that was stopped");
}

/// Options are cloned with the signal that is in them.
fn with_a_cancel_of_its_own(fixture: &Fixture) -> Fixture {
    let mut fixture = fixture.clone();
    fixture.listen.cancel = Shutdown::new();
    fixture
}

/// Where nobody listens, the dial or the first call fails with [`Code::Unavailable`], not reached, and says where it was.
pub async fn nobody_listens(promises: &Promises, fixture: &Fixture) {
    let mut up = Running::start(promises, fixture).await;
    up.die().await;
    let result = within(SOON, "a call to nobody", up.call_anew()).await;
    let error = fails(result, Code::Unavailable, "a call to nobody");
    assert!(!error.reached(), "nobody has seen it: {error:?}");
    assert!(error.detail().contains(up.address.as_str()), "the error says where nobody is: {error}");
}

/// An address that is taken cannot be taken again; when it is free, it can.
pub async fn an_address_is_taken_once(promises: &Promises, fixture: &Fixture) {
    let mut up = Running::start(promises, fixture).await;
    let listen = async || up.fixture.transport.listen(&up.address, &up.fixture.listen).await;
    let error = fails(listen().await.map(drop), Code::Unavailable, "an address that is taken");
    assert!(error.detail().contains(up.address.as_str()), "the error says which address is taken: {error}");
    up.answers().await;
    up.die().await;
    let again = up.start_again().await;
    up.call_anew().await.expect("an answer of the next listener");
    drop(again);
}
