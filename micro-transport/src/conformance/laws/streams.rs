use bytes::Bytes;
use micro_core::{Code, Error, Metadata};

use crate::conformance::running::{Running, SOON, fails, route, within};
use crate::conformance::{Fixture, Promises};

const EMPTY: Bytes = Bytes::new();

/// One message there, many back, in their order, and the end; none at all is an answer too.
pub async fn server_stream(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    for count in [0, 1, 500] {
        let call = up.stream("Probe.Count", count.to_string());
        let mut receiver = call.await.expect("a stream");
        for i in 0..count {
            let message = receiver.next().await.expect("a message").expect("not the end");
            assert_eq!(message, i.to_string(), "messages come in their order");
        }
        assert_eq!(receiver.next().await.expect("the end"), None);
        assert_eq!(receiver.next().await.expect("still the end"), None);
    }
}

/// Many messages there, one back.
pub async fn client_stream(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    for count in [0, 1, 500] {
        let (mut sender, answer) = up.client().client_stream::<Bytes, Bytes>(route("Probe.Total"));
        for _ in 0..count {
            sender.send(Bytes::from_static(b"1234567")).await.expect("a stream that is read");
        }
        drop(sender);
        assert_eq!(answer.await.expect("an answer"), format!("{count} {}", count * 7));
    }
}

/// Both directions at the same time: each message is answered before the next is sent. Messages without bytes are messages.
pub async fn bidirectional_ping_pong(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let (mut sender, mut receiver) = up.client().bidirectional::<Bytes, Bytes>(route("Probe.Echoes"));
    for i in 0..100 {
        let message = Bytes::from("x".repeat(i * 13));
        sender.send(message.clone()).await.expect("a stream that is read");
        let pong = within(SOON, "an answer", receiver.next()).await.expect("a message");
        assert_eq!(pong, Some(message));
    }
}

/// The end of the request is not the end of the answer.
pub async fn half_close(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let (mut sender, mut receiver) = up.client().bidirectional::<Bytes, Bytes>(route("Probe.Echoes"));
    sender.send("last".into()).await.expect("a stream that is read");
    drop(sender);
    assert_eq!(receiver.next().await.expect("a message").as_deref(), Some(&b"last"[..]));
    let after = receiver.next().await.expect("a message after the end of the request");
    assert_eq!(after.as_deref(), Some(&b"bye"[..]));
    assert_eq!(receiver.next().await.expect("the end"), None);
}

/// The first message of the answer arrives though the request goes on, and the request goes on after it.
pub async fn an_answer_may_begin_before_the_request_ends(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let (mut sender, mut receiver) = up.client().bidirectional::<Bytes, Bytes>(route("Probe.AnswersFirst"));
    let first = within(SOON, "an answer to nothing", receiver.next()).await.expect("a message");
    assert_eq!(first.as_deref(), Some(&b"first"[..]));
    for _ in 0..100 {
        sender.send("more".into()).await.expect("a stream that is read");
    }
    drop(sender);
    assert_eq!(receiver.next().await.expect("the end"), None);
    assert_eq!(up.probe.messages(), 100, "the handler has read all of it");
}

/// A caller sends before it awaits anything: the messages reach the handler, and it goes on past its first answer.
pub async fn a_streamed_request_progresses_unpolled(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let client = up.client();
    let (mut sender, answer) = client.client_stream::<Bytes, Bytes>(route("Probe.Total"));
    for _ in 0..20 {
        within(SOON, "a message", sender.send("x".into())).await.expect("a stream that is read");
    }
    within(SOON, "20 messages at the handler", up.probe.until_messages(20)).await;
    drop(sender);
    within(SOON, "the end of a handler whose answer nobody awaits", up.probe.until_idle()).await;
    assert_eq!(answer.await.expect("an answer"), "20 20");

    let (mut sender, mut receiver) = client.bidirectional::<Bytes, Bytes>(route("Probe.AnswersFirst"));
    for _ in 0..20 {
        within(SOON, "a message", sender.send("x".into())).await.expect("a stream that is read");
    }
    within(SOON, "40 messages at the handlers", up.probe.until_messages(40)).await;
    drop(sender);
    assert_eq!(receiver.next().await.expect("a message").as_deref(), Some(&b"first"[..]));
    assert_eq!(receiver.next().await.expect("the end"), None);
}

/// A handler that fails before it has sent anything fails the call itself.
pub async fn an_error_before_the_first_message_is_the_calls(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let mut made = Error::permission_denied("not you").with_reason("AT_ONCE").with_domain("law");
    made.metadata_mut().append("messages", "0").expect("sound metadata");
    let call = up.stream("Probe.CountAndFail", made.to_json());
    let error = fails(call.await, Code::PermissionDenied, "the call");
    assert_eq!((error.detail(), error.reason(), error.domain()), ("not you", "AT_ONCE", "law"));
    up.answers().await;
}

/// A handler that fails after it has sent messages: they arrive, then the error with all that travels of it.
pub async fn an_error_after_messages_comes_after_them(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    for messages in [1, 2, 30] {
        let detail = "\"half\" a\nfile";
        let mut made = Error::data_loss(detail).with_reason("TORN").with_domain("law").with_id("the.id");
        made.metadata_mut().append("messages", messages.to_string()).expect("sound metadata");
        let mut receiver = up.stream("Probe.CountAndFail", made.to_json()).await.expect("a stream");
        for i in 0..messages {
            assert_eq!(receiver.next().await.expect("a message").expect("not the end"), i.to_string());
        }
        let error = fails(receiver.next().await, Code::DataLoss, "the stream");
        assert_eq!((error.detail(), error.reason(), error.domain()), (detail, "TORN", "law"));
        assert_eq!((error.id(), error.metadata()), ("the.id", made.metadata()));
        assert_eq!(receiver.next().await.expect("nothing after an error"), None);
    }
    up.answers().await;
}

/// Metadata after the last message of a stream.
pub async fn trailing_metadata_of_a_stream(promises: &Promises, fixture: &Fixture) {
    let Some(up) = Running::streaming(promises, fixture).await else { return };
    let client = up.client().with_metadata("x-law-text", "after it all").expect("sound metadata");
    let client = client.with_metadata("x-law-bytes-bin", vec![0, 255]).expect("sound metadata");
    let mut receiver =
        client.server_stream::<Bytes, Bytes>(route("Probe.Trailing"), EMPTY).await.expect("a stream");
    assert_eq!(receiver.next().await.expect("a message").as_deref(), Some(&b"message"[..]));
    assert!(receiver.trailers().is_empty(), "trailers come after the last message");
    assert_eq!(receiver.next().await.expect("the end"), None);
    if promises.trailing_metadata {
        assert_eq!(receiver.trailers().get("X-Law-Text"), Some("after it all"));
        assert_eq!(receiver.trailers().get_bin("x-law-bytes-bin"), Some(&[0, 255][..]));
    } else {
        assert_eq!(receiver.trailers(), &Metadata::new(), "they arrive, so they should be promised");
    }
}
