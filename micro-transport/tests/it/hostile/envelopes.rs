//! Streams of requests, whose envelopes are none.

use super::frames::*;
use super::siege::Siege;

const JSON: &str = "application/connect+json";

/// The head of a stream whose length is not told.
fn open() -> Vec<u8> {
    head(1, "/Test/Count", &[("content-type", JSON)])
}

/// An envelope.
fn sealed(flags: u8, length: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [&[flags][..], &length.to_be_bytes(), bytes.as_ref()].concat()
}

fn message(text: &str) -> Vec<u8> {
    sealed(0, text.len() as u32, text)
}

fn over(json: &str) -> Vec<u8> {
    sealed(2, json.len() as u32, json)
}

/// The frames of a body, the last of which ends the stream.
fn body(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let pieces = bytes.chunks(16_384).flat_map(|piece| data(1, piece)).collect::<Vec<_>>();
    [pieces, end(1, "")].concat()
}

/// What comes is answered in an envelope with these words, and the connection goes on.
async fn said((frames, words): (Vec<u8>, &str)) {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(frames).await;
    match wire.ended(1).await {
        Ended::Answer(200, body) => assert!(body.contains(words), "{body}"),
        other => panic!("{other:?}"),
    }
    wire.send([head(3, "/Greeter/Hello", &[]), end(3, "{}")].concat()).await;
    assert!(matches!(wire.ended(3).await, Ended::Answer(200, _)));
    drop(wire);
    siege.lift().await;
}

fn stream(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [open(), body(bytes)].concat()
}

/// The same with a length, so that it is read whole before its handler runs.
fn at_hand(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let length = bytes.as_ref().len().to_string();
    let head = head(1, "/Test/Count", &[("content-type", JSON), ("content-length", &length)]);
    [head, body(bytes)].concat()
}

cases! { said:
    unknown_flags => (stream(sealed(0x80, 2, "{}")), "unknown flags 0x80");
    unknown_flags_at_hand => (at_hand(sealed(0x80, 2, "{}")), "unknown flags 0x80");
    all_flags => (stream(sealed(0xff, 2, "{}")), "unknown flags 0xff");
    a_compressed_message => (stream(sealed(1, 2, "{}")), "compressed");
    a_compressed_end => (stream(sealed(3, 2, "{}")), "compressed");
    a_compressed_message_behind_a_good_one => (stream([message("{}"), sealed(1, 2, "{}")].concat()), "compressed");
    a_length_of_4_gigabytes => (stream(sealed(0, u32::MAX, "{}")), "max_message");
    a_length_of_4_gigabytes_at_hand => (at_hand(sealed(0, u32::MAX, "{}")), "max_message");
    a_length_of_a_byte_too_many => (stream(sealed(0, (4 << 20) + 1, "")), "max_message");
    an_end_of_4_gigabytes => (stream(sealed(2, u32::MAX, "{}")), "the size of trailers");
    no_message_and_no_end => (stream(""), "0");
    half_a_head_of_an_envelope => (stream(b"\0\0\0"), "ends in the middle");
    half_a_head_at_hand => (at_hand(b"\0\0\0"), "ends in the middle");
    half_a_message => (stream(sealed(0, 10, "{}")), "ends in the middle");
    half_a_message_at_hand => (at_hand(sealed(0, 10, "{}")), "ends in the middle");
    half_an_end => (stream(sealed(2, 10, "{}")), "ends in the middle");
    an_end_before_all_messages => (stream(over("{}")), "0");
    a_message_behind_the_end => (stream([over("{}"), message("{}")].concat()), "");
    a_message_behind_the_end_at_hand => (at_hand([over("{}"), message("{}")].concat()), "after its end");
    two_ends_at_hand => (at_hand([over("{}"), over("{}")].concat()), "after its end");
    an_end_that_is_no_json => (stream(over("what")), "not the JSON");
    an_end_of_50_000_brackets => (stream(over(&"[".repeat(50_000))), "not the JSON");
    an_end_of_unknown_depth => (stream(over(&format!(r#"{{"error":{{"micro":{}"#, "[".repeat(50_000)))), "not the JSON");
    an_end_with_an_error => (stream(over(r#"{"error":{"code":"aborted","message":"enough"}}"#)), "enough");
    an_end_with_metadata_that_is_none => (stream([message("{}"), over(r#"{"metadata":{"a b":["c"],"\u0000":["d"]," -bin":["!"],"x-bin":["???"]}}"#)].concat()), "1");
    a_thousand_messages_of_nothing => (stream(message("").repeat(1_000)), "1000");
    a_body_that_is_no_stream => (stream(r#"{"name":"Jane"}"#), "unknown flags 0x7b");
}

/// A message of the largest length, of which nothing comes: what is set aside is what has come.
#[tokio::test]
async fn a_thousand_lengths_without_messages() {
    let siege = Siege::lay().await;
    let before = super::alone::kilobytes("VmSize:");
    let mut wire = Wire::open(siege.server.address).await;
    for number in 0..900 {
        let id = number * 2 + 1;
        wire.send(
            [head(id, "/Test/Count", &[("content-type", JSON)]), data(id, sealed(0, 4 << 20, "x"))].concat(),
        )
        .await;
    }
    siege.app.until_running(900).await;
    // 900 times 4 MiB would be 3.6 GB.
    let grown = super::alone::kilobytes("VmSize:").saturating_sub(before) >> 10;
    assert!(grown < 2_000, "{grown} MiB");
    drop(wire);
    siege.lift().await;
}

/// The stream ends in the middle of things, by a reset or with its connection.
async fn broken_off(frames: Vec<u8>) {
    let siege = Siege::lay().await;
    for hang_up in [false, true] {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(&frames).await;
        if hang_up {
            drop(wire);
            continue;
        }
        wire.send([reset(1), frame(PING, 0, 0, [7; 8])].concat()).await;
        while wire.frame().await.expect("the connection ended").kind != PING {}
        wire.send([head(3, "/Greeter/Hello", &[]), end(3, "{}")].concat()).await;
        assert!(matches!(wire.ended(3).await, Ended::Answer(200, _)));
    }
    siege.lift().await;
}

cases! { broken_off:
    behind_the_head_of_a_stream => open();
    in_the_head_of_an_envelope => [open(), data(1, b"\0\0")].concat();
    in_a_message => [open(), data(1, sealed(0, 10, "{}"))].concat();
    between_messages => [open(), data(1, message("{}"))].concat();
    in_a_body => [head(1, "/Test/Echo", &[("content-length", "9")]), data(1, "abc")].concat();
    while_the_handler_runs => post(1, "/Test/Wait", &[]);
    in_an_answer => post(1, "/Test/Big", &[]);
    in_a_streamed_answer => post(1, "/Test/Flood", &[("accept", JSON)]);
    in_both_streams => [head(1, "/Test/Echo", &[("content-type", JSON)]), data(1, message("{}"))].concat();
}

/// The same in the middle of a head, which ends the connection.
#[tokio::test]
async fn broken_off_in_a_head() {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send([frame(HEADERS, 0, 1, block(&fields("/", &[]))), reset(1)].concat()).await;
    assert!(matches!(wire.gone().await, Ended::Goaway(PROTOCOL_ERROR, _)));
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(&frame(HEADERS, 0, 1, block(&fields("/", &[])))[..20]).await;
    drop(wire);
    siege.lift().await;
}
