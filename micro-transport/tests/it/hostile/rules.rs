//! Frames of HTTP/2 that break its rules, one at a time.

use std::time::Duration;

use super::frames::*;
use super::siege::Siege;
use crate::http_server::raw::json;

/// What is sent ends the connection, for this reason. (Wrong sizes of frames, and blocks of headers that cannot be read,
/// are `PROTOCOL_ERROR` to h2, where the standard has names of their own.)
async fn fatal((bytes, reason): (impl AsRef<[u8]>, u32)) {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(bytes).await;
    match wire.gone().await {
        Ended::Goaway(told, _) => assert_eq!(told, reason),
        other => panic!("{other:?}"),
    }
    drop(wire);
    siege.lift().await;
}

/// What is sent ends stream 1 and nothing else, for this reason.
async fn reset_for((bytes, reason): (impl AsRef<[u8]>, u32)) {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(bytes).await;
    assert_eq!(wire.ended(1).await, Ended::Reset(reason));
    goes_on(&mut wire).await;
    drop(wire);
    siege.lift().await;
}

/// What is sent is answered on stream 1 with this status and words, and the connection goes on.
async fn answered((bytes, status, words): (impl AsRef<[u8]>, u16, &str)) {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(bytes).await;
    match wire.ended(1).await {
        Ended::Answer(told, body) => {
            assert_eq!(told, status, "{body}");
            assert!(body.contains(words), "{body}");
        }
        other => panic!("{other:?}"),
    }
    goes_on(&mut wire).await;
    drop(wire);
    siege.lift().await;
}

/// A call on the same connection is answered.
async fn goes_on(wire: &mut Wire) {
    wire.send([head(1001, "/Greeter/Hello", &[]), end(1001, "{}")].concat()).await;
    assert_eq!(wire.ended(1001).await, Ended::Answer(200, r#"{"msg":"Hello "}"#.into()));
}

fn bad(more: &[(&str, &str)]) -> Vec<u8> {
    post(1, "/Test/Echo", more)
}

/// A head without one of its fields, or with others in its place.
fn of(fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, 1, block(fields))
}

const METHOD: (&str, &str) = (":method", "POST");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "a");
const PATH: (&str, &str) = (":path", "/Test/Echo");

fn wait() -> Vec<u8> {
    head(1, "/Test/Count", &[("content-type", "application/connect+json")])
}

cases! { fatal:
    a_request_of_http_1_behind_the_preface => (json("/Greeter/Hello", "{}"), FRAME_SIZE_ERROR);
    a_second_preface => (PREFACE, FRAME_SIZE_ERROR);
    a_frame_above_16k => (data(1, vec![0; 16_385]), FRAME_SIZE_ERROR);
    a_frame_of_16_megabytes => (frame(DATA, 0, 1, vec![0; (1 << 24) - 1]), FRAME_SIZE_ERROR);
    data_on_stream_0 => (data(0, "x"), PROTOCOL_ERROR);
    data_on_an_idle_stream => (data(1, "x"), PROTOCOL_ERROR);
    headers_on_stream_0 => (post(0, "/Test/Echo", &[]), PROTOCOL_ERROR);
    headers_on_an_even_stream => (post(2, "/Test/Echo", &[]), PROTOCOL_ERROR);
    a_stream_that_goes_back => ([post(7, "/Test/Wait", &[]), post(5, "/Test/Wait", &[])].concat(), PROTOCOL_ERROR);
    priority_on_stream_0 => (frame(PRIORITY, 0, 0, [0, 0, 0, 1, 1]), PROTOCOL_ERROR);
    a_reset_of_stream_0 => (reset(0), PROTOCOL_ERROR);
    a_reset_of_an_idle_stream => (reset(1), PROTOCOL_ERROR);
    a_reset_of_3_bytes => (frame(RST_STREAM, 0, 1, [0; 3]), PROTOCOL_ERROR);
    settings_on_a_stream => (frame(SETTINGS, 0, 1, []), PROTOCOL_ERROR);
    settings_of_5_bytes => (frame(SETTINGS, 0, 0, [0; 5]), PROTOCOL_ERROR);
    an_ack_of_settings_with_settings => (frame(SETTINGS, ACK, 0, [0; 6]), PROTOCOL_ERROR);
    an_ack_of_no_settings => ([frame(SETTINGS, ACK, 0, []), frame(SETTINGS, ACK, 0, [])].concat(), PROTOCOL_ERROR);
    settings_of_a_window_above_31_bits => (settings(&[(4, 1 << 31)]), PROTOCOL_ERROR);
    settings_of_frames_of_a_byte => (settings(&[(5, 1)]), PROTOCOL_ERROR);
    settings_of_frames_above_24_bits => (settings(&[(5, 1 << 24)]), PROTOCOL_ERROR);
    settings_of_push_2 => (settings(&[(2, 2)]), PROTOCOL_ERROR);
    settings_that_overflow_a_window => (
        [wait(), window(1, (1 << 31) - 1 - 65_535), settings(&[(4, 65_536)])].concat(), FLOW_CONTROL_ERROR);
    a_push => (frame(PUSH_PROMISE, END_HEADERS, 1, [0, 0, 0, 2]), PROTOCOL_ERROR);
    a_ping_on_a_stream => (frame(PING, 0, 1, [0; 8]), PROTOCOL_ERROR);
    a_ping_of_7_bytes => (frame(PING, 0, 0, [0; 7]), PROTOCOL_ERROR);
    a_goaway_on_a_stream => (frame(GOAWAY, 0, 1, [0; 8]), PROTOCOL_ERROR);
    a_goaway_of_7_bytes => (frame(GOAWAY, 0, 0, [0; 7]), PROTOCOL_ERROR);
    a_window_update_of_nothing => (window(0, 0), PROTOCOL_ERROR);
    a_window_update_of_3_bytes => (frame(WINDOW_UPDATE, 0, 0, [0; 3]), PROTOCOL_ERROR);
    a_window_update_of_an_idle_stream => (window(1, 1), PROTOCOL_ERROR);
    a_window_above_31_bits => (window(0, (1 << 31) - 1), FLOW_CONTROL_ERROR);
    a_continuation_of_nothing => (frame(CONTINUATION, END_HEADERS, 1, []), PROTOCOL_ERROR);
    a_continuation_of_another_stream => (
        [frame(HEADERS, 0, 1, []), frame(CONTINUATION, END_HEADERS, 3, [])].concat(), PROTOCOL_ERROR);
    a_ping_inside_a_head => ([frame(HEADERS, 0, 1, []), frame(PING, 0, 0, [0; 8])].concat(), PROTOCOL_ERROR);
    data_inside_a_head => ([frame(HEADERS, 0, 1, []), data(1, "x")].concat(), PROTOCOL_ERROR);
    an_unknown_frame_inside_a_head => ([frame(HEADERS, 0, 1, []), frame(99, 0, 1, [])].concat(), PROTOCOL_ERROR);
    padding_longer_than_its_data => ([wait(), frame(DATA, PADDED, 1, [9, 0])].concat(), PROTOCOL_ERROR);
    padding_of_no_byte => ([wait(), frame(DATA, PADDED, 1, [])].concat(), PROTOCOL_ERROR);
    padding_longer_than_its_head => (frame(HEADERS, PADDED | END_HEADERS, 1, [9, 0x83]), PROTOCOL_ERROR);
    an_index_of_0 => (frame(HEADERS, END_HEADERS, 1, [0x80]), PROTOCOL_ERROR);
    an_index_of_no_entry => (frame(HEADERS, END_HEADERS, 1, [0xfe]), PROTOCOL_ERROR);
    an_index_above_32_bits => (frame(HEADERS, END_HEADERS, 1, [0xff; 12]), PROTOCOL_ERROR);
    a_text_longer_than_its_block => (frame(HEADERS, END_HEADERS, 1, [0, 10, b'a']), PROTOCOL_ERROR);
    a_text_of_4_gigabytes => (frame(HEADERS, END_HEADERS, 1, [0, 0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f]), PROTOCOL_ERROR);
    a_text_of_wrong_huffman => (frame(HEADERS, END_HEADERS, 1, [0, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), PROTOCOL_ERROR);
    a_table_above_its_limit => (frame(HEADERS, END_HEADERS, 1, [0x3f, 0xff, 0xff, 0x7f]), PROTOCOL_ERROR);
    a_table_changed_behind_a_field => (frame(HEADERS, END_HEADERS, 1, [0x83, 0x20]), PROTOCOL_ERROR);
    a_header_in_capitals => (bad(&[("Micro-Endpoint", "a")]), PROTOCOL_ERROR);
    a_header_name_with_a_colon => (bad(&[("a:b", "a")]), PROTOCOL_ERROR);
    a_header_name_with_a_space => (bad(&[("a b", "a")]), PROTOCOL_ERROR);
    a_header_with_an_end_of_line => (bad(&[("a", "b\r\nc: d")]), PROTOCOL_ERROR);
    a_header_without_a_name => (bad(&[("", "a")]), PROTOCOL_ERROR);
    a_header_with_a_nul => (bad(&[("a", "\0")]), PROTOCOL_ERROR);
    a_method_with_a_space => (of(&[(":method", "A B"), SCHEME, AUTHORITY, PATH]), PROTOCOL_ERROR);
    a_pseudo_header_that_is_unknown => (bad(&[(":what", "a")]), PROTOCOL_ERROR);
    a_window_update_of_nothing_for_a_stream => ([wait(), window(1, 0)].concat(), PROTOCOL_ERROR);
    data_behind_the_end => ([post(1, "/Test/Wait", &[]), data(1, "x")].concat(), PROTOCOL_ERROR);
    a_head_behind_the_end => ([post(1, "/Test/Wait", &[]), post(1, "/Test/Wait", &[])].concat(), PROTOCOL_ERROR);
}

cases! { reset_for:
    a_header_connection => (bad(&[("connection", "close")]), PROTOCOL_ERROR);
    a_header_keep_alive => (bad(&[("keep-alive", "1")]), PROTOCOL_ERROR);
    a_header_proxy_connection => (bad(&[("proxy-connection", "close")]), PROTOCOL_ERROR);
    a_header_transfer_encoding => (bad(&[("transfer-encoding", "chunked")]), PROTOCOL_ERROR);
    a_header_upgrade => (bad(&[("upgrade", "h2c")]), PROTOCOL_ERROR);
    a_header_te_that_is_not_trailers => (bad(&[("te", "gzip")]), PROTOCOL_ERROR);
    a_pseudo_header_behind_a_header => (of(&[METHOD, SCHEME, AUTHORITY, ("a", "b"), PATH]), PROTOCOL_ERROR);
    a_pseudo_header_twice => (bad(&[PATH]), PROTOCOL_ERROR);
    a_pseudo_header_of_answers => (bad(&[(":status", "200")]), PROTOCOL_ERROR);
    a_pseudo_header_protocol => (bad(&[(":protocol", "websocket")]), PROTOCOL_ERROR);
    no_method => (of(&[SCHEME, AUTHORITY, PATH]), PROTOCOL_ERROR);
    no_scheme => (of(&[METHOD, AUTHORITY, PATH]), PROTOCOL_ERROR);
    no_path => (of(&[METHOD, SCHEME, AUTHORITY]), PROTOCOL_ERROR);
    a_path_of_nothing => (of(&[METHOD, SCHEME, AUTHORITY, (":path", "")]), PROTOCOL_ERROR);
    a_path_with_a_space => (of(&[METHOD, SCHEME, AUTHORITY, (":path", "/a b")]), PROTOCOL_ERROR);
    a_scheme_with_a_space => (of(&[METHOD, (":scheme", "h p"), AUTHORITY, PATH]), PROTOCOL_ERROR);
    an_authority_with_a_space => (of(&[METHOD, SCHEME, (":authority", "a b"), PATH]), PROTOCOL_ERROR);
    a_length_above_the_body => ([head(1, "/Test/Echo", &[("content-length", "5")]), end(1, "abc")].concat(), PROTOCOL_ERROR);
    a_length_below_the_body => ([head(1, "/Test/Echo", &[("content-length", "1")]), end(1, "abc")].concat(), PROTOCOL_ERROR);
    a_length_of_no_body => (bad(&[("content-length", "5")]), PROTOCOL_ERROR);
    a_length_that_is_no_number => (bad(&[("content-length", "x")]), PROTOCOL_ERROR);
    a_length_with_a_plus => (bad(&[("content-length", "+0")]), PROTOCOL_ERROR);
    two_lengths_that_differ => ([head(1, "/Test/Echo", &[("content-length", "1"), ("content-length", "3")]), end(1, "abc")].concat(), PROTOCOL_ERROR);
    a_window_above_31_bits_of_a_stream => ([wait(), window(1, (1 << 31) - 1)].concat(), FLOW_CONTROL_ERROR);
    a_stream_that_depends_on_itself => (frame(HEADERS, END_HEADERS | 0x20, 1, [&[0, 0, 0, 1, 0][..], &block(&fields("/Test/Echo", &[]))].concat()), PROTOCOL_ERROR);
    trailers_without_an_end => ([wait(), frame(HEADERS, END_HEADERS, 1, block(&[("a", "b")]))].concat(), PROTOCOL_ERROR);
    a_path_without_a_slash => (of(&[METHOD, SCHEME, AUTHORITY, (":path", "Test/Echo")]), PROTOCOL_ERROR);
}

cases! { answered:
    missing_endpoint => (post(1, "/Nope/Nope", &[]), 404, "no endpoint `Nope.Nope`");
    a_host_that_is_not_the_authority => (post(1, "/Greeter/Hello", &[("host", "other")]), 400, "`Host`");
    a_host_that_is_the_authority => ([head(1, "/Greeter/Hello", &[("host", "a")]), end(1, "{}")].concat(), 200, "Hello");
    a_get_with_a_body => ([frame(HEADERS, END_HEADERS, 1, block(&[(":method", "GET"), SCHEME, AUTHORITY, PATH])), end(1, "x")].concat(), 405, "use POST");
    an_unknown_frame => ([frame(99, 255, 0, "what"), frame(99, 255, 9, "what"), post(1, "/Nope/Nope", &[])].concat(), 404, "");
    unknown_flags => (frame(HEADERS, END_HEADERS | END_STREAM | 0xc2, 1, block(&fields("/Nope/Nope", &[]))), 404, "");
    unknown_settings => ([settings(&[(0, 1), (99, 9), (0xffff, u32::MAX)]), post(1, "/Nope/Nope", &[])].concat(), 404, "");
    a_reserved_bit => (frame(HEADERS, END_HEADERS | END_STREAM, 1 | 1 << 31, block(&fields("/Nope/Nope", &[]))), 404, "");
    a_head_in_pieces => (in_pieces(&block(&fields("/Nope/Nope", &[]))), 404, "");
    a_reset_of_a_stream_that_is_over => ([post(1, "/Nope/Nope", &[]), post(3, "/Nope/Nope", &[]), reset(3), reset(3), reset(3)].concat(), 404, "");
    two_deadlines => (post(1, "/Greeter/Hello", &[("timeout", "1"), ("timeout", "2")]), 400, "more than one");
    a_deadline_below_zero => (post(1, "/Greeter/Hello", &[("timeout", "-1")]), 400, "nanoseconds");
    a_message_that_is_too_large => (head(1, "/Test/Echo", &[("content-length", "1099511627776")]), 413, "max_message");
    trailers_with_a_path => ([wait(), frame(HEADERS, END_HEADERS | END_STREAM, 1, block(&[PATH]))].concat(), 200, "");
    a_head_above_the_limit => (large_head(70_000), 431, "");
}

/// A head with a header of this size, in as few frames as it takes.
fn large_head(size: usize) -> Vec<u8> {
    in_frames(&block(&fields("/Greeter/Hello", &[("a", &"x".repeat(size))])), 16_384)
}

/// A head in five frames, which are cut wherever that is.
fn in_pieces(block: &[u8]) -> Vec<u8> {
    in_frames(block, block.len().div_ceil(5))
}

fn in_frames(block: &[u8], size: usize) -> Vec<u8> {
    let mut pieces = block.chunks(size);
    let mut all = frame(HEADERS, END_STREAM, 1, pieces.next().unwrap());
    let count = pieces.len();
    for (number, piece) in pieces.enumerate() {
        all.extend(frame(CONTINUATION, if number + 1 == count { END_HEADERS } else { 0 }, 1, piece));
    }
    all
}

/// The limit of heads holds for those too who never agree to our settings, or send none.
#[tokio::test]
async fn a_head_above_the_limit_without_settings() {
    let siege = Siege::lay().await;
    for mine in [settings(&[]), Vec::new()] {
        let mut wire = Wire::to(siege.server.address).await;
        wire.send([PREFACE, &mine, &large_head(70_000)].concat()).await;
        assert_eq!(wire.ended(1).await, Ended::Answer(431, String::new()));
        wire.send([post(3, "/Nope/Nope", &[])].concat()).await;
        assert!(matches!(wire.ended(3).await, Ended::Answer(404, _)));
    }
    siege.lift().await;
}

/// One that says goodbye is answered what it has asked.
#[tokio::test]
async fn a_goaway_of_the_caller() {
    let siege = Siege::lay().await;
    let mut wire = Wire::open(siege.server.address).await;
    wire.send([frame(GOAWAY, 0, 0, [0; 8]), post(1, "/Nope/Nope", &[])].concat()).await;
    assert!(matches!(wire.ended(1).await, Ended::Answer(404, _)));
    assert_eq!(wire.gone().await, Ended::Goaway(NO_ERROR, String::new()));
    drop(wire);
    siege.lift().await;
}

/// A preface that is wrong in its middle is no HTTP/2.
#[tokio::test]
async fn a_wrong_preface() {
    let siege = Siege::lay().await;
    let mut wire = Wire::to(siege.server.address).await;
    wire.send([&PREFACE[..20], b"XX\r\n", &settings(&[])].concat()).await;
    assert!(matches!(wire.gone().await, Ended::Goaway(PROTOCOL_ERROR, _) | Ended::Closed));
    drop(wire);
    siege.lift().await;
}

/// However the preface is cut, it is one.
#[tokio::test]
async fn a_preface_in_two_parts() {
    let siege = Siege::lay().await;
    let all = [PREFACE, &settings(&[]), &post(1, "/Nope/Nope", &[])].concat();
    for at in 1..PREFACE.len() {
        let mut wire = Wire::to(siege.server.address).await;
        wire.send(&all[..at]).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        wire.send(&all[at..]).await;
        assert!(matches!(wire.ended(1).await, Ended::Answer(404, _)), "{at}");
    }
    siege.lift().await;
}

#[tokio::test]
async fn a_call_byte_by_byte() {
    let siege = Siege::lay().await;
    let mut wire = Wire::to(siege.server.address).await;
    for byte in [PREFACE, &settings(&[]), &post(1, "/Nope/Nope", &[])].concat() {
        wire.send([byte]).await;
        tokio::task::yield_now().await;
    }
    assert!(matches!(wire.ended(1).await, Ended::Answer(404, _)));
    drop(wire);
    siege.lift().await;
}
