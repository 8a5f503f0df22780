use micro_core::metadata::{KeyRef, ValueRef};
use micro_core::{Account, Call, Dispatch, Metadata};

use crate::conformance::endpoints::mirrored;
use crate::conformance::running::{Running, bytes, request};
use crate::conformance::{Fixture, Promises};

/// Metadata that is hard to carry.
fn metadata() -> Metadata {
    let mut metadata = Metadata::new();
    let mut add = |key: &str, value: micro_core::metadata::Value| {
        metadata.append(key, value).expect("sound metadata");
    };
    add("X-Law-MiXeD", "Case Of VALUES is kept".into());
    add("x-law-many", "first".into());
    add("x-law-empty", "".into());
    add("x-law-MANY", "second, with a comma".into());
    add("x-law-many", "third; a=\"b\"".into());
    add("x-law-text", "Grüße aus Zürich, 東京".into());
    add("x-law-every-bin", (0..=u8::MAX).collect::<Vec<u8>>().into());
    add("x-law-many-bin", vec![0].into());
    add("x-law-many-bin", Vec::new().into());
    add("x-law-many-bin", vec![255, 254, 44].into());
    add("x-law-long", "x".repeat(4_000).into());
    metadata
}

/// The same entries, where the order counts only among those of one key: transports may sort by name.
fn assert_same(got: &Metadata, sent: &Metadata, what: &str) {
    fn sorted(metadata: &Metadata) -> Vec<(KeyRef<'_>, ValueRef<'_>)> {
        let mut entries: Vec<_> = metadata.iter().collect();
        entries.sort_by_key(|(key, _)| key.as_str());
        entries
    }
    assert_eq!(sorted(got), sorted(sent), "{what}");
}

fn mirror(up: &Running, endpoint: &str, metadata: &Metadata) -> Call {
    let mut request = request(endpoint, "");
    request.head.metadata = metadata.clone();
    up.connection.dispatch(request)
}

/// Metadata goes there and back: text and bytes, several values of one key in their order, keys in any case.
pub async fn metadata_goes_both_ways(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let sent = metadata();
    let answer = mirror(&up, "Mirror.Metadata", &sent).await.expect("an answer");
    assert_same(&mirrored(answer.metadata()).expect("sound metadata"), &sent, "what came back");
    assert_eq!(answer.metadata().get("X-LAW-mixed"), Some("Case Of VALUES is kept"));
    assert!(answer.trailers().is_empty(), "nothing was sent after the message: {:?}", answer.trailers());
    let none = mirror(&up, "Mirror.Metadata", &Metadata::new()).await.expect("an answer");
    assert!(
        mirrored(none.metadata()).expect("sound metadata").is_empty(),
        "one call's metadata is not the next one's"
    );
}

/// Metadata after the one message of an answer arrives, and apart from that before it. Where it is not promised it must
/// not come as something else.
pub async fn trailing_metadata_of_an_answer(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let sent = metadata();
    let answer = mirror(&up, "Mirror.Trailing", &sent).await.expect("an answer");
    assert_same(&mirrored(answer.metadata()).expect("sound metadata"), &sent, "before the message");
    let trailers = mirrored(answer.trailers()).expect("sound metadata");
    if promises.trailing_metadata {
        assert_same(&trailers, &sent, "after the message");
    } else {
        assert!(trailers.is_empty(), "trailing metadata arrives, so it should be promised: {trailers:?}");
    }
    up.answers().await;
}

/// What the caller's process knows of the call (its account, its service, its options) stays there.
pub async fn what_is_local_does_not_cross(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let mut request = request("Probe.Local", "");
    request.head.set_account(Account::new("root"));
    request.head.app = Some(std::sync::Arc::new(micro_core::App::new("caller", micro_core::Formats::new())));
    let answer = up.connection.dispatch(request).await.expect("an answer");
    assert_eq!(bytes(answer), "false", "the handler must not see the caller's account or service");
}

/// The handler sees the address of its caller, and what the connection speaks.
pub async fn the_handler_sees_its_peer(promises: &Promises, fixture: &Fixture) {
    let up = Running::start(promises, fixture).await;
    let answer = bytes(up.call("Probe.Peer", "").await.expect("an answer"));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (address, protocol) = answer.split_once(' ').expect("an address and a protocol");
    let address = micro_core::Address::new(address).expect("the address of the caller");
    assert_ne!(address, up.address, "the address of the caller is not that of the listener");
    assert!(!protocol.is_empty(), "the peer says what the connection speaks");
}
