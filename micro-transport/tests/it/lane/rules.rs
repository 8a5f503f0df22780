//! Rules that are broken.

use super::attack::attack;
use super::wire::*;

/// The peer is told what it did wrong, and its connection ends.
async fn breaks(bytes: impl AsRef<[u8]>, words: &str) {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        wire.send(bytes).await;
        let (code, why) = wire.gone().await.expect("it is closed without a word");
        assert_eq!(code, PROTOCOL, "{why}");
        assert!(why.contains(words), "{why}");
    })
    .await;
}

/// The connection goes on.
async fn passes(bytes: impl AsRef<[u8]>) {
    attack(async |siege| {
        let mut wire = Wire::open(siege.server.address).await;
        assert!(wire.send(bytes).await);
        wire.goes_on().await;
    })
    .await;
}

/// Instead of what a client says first.
async fn begins(bytes: &[u8], code: u8, words: &str) {
    attack(async |siege| {
        let mut wire = Wire::to(siege.server.address).await;
        wire.send(bytes).await;
        wire.preface().await;
        let (said, why) = wire.gone().await.expect("it is closed without a word");
        assert_eq!(said, code, "{why}");
        assert!(why.contains(words), "{why}");
    })
    .await;
}

macro_rules! rules {
    ($run:ident: $($name:ident => $bytes:expr, $($words:expr),+;)+) => {$(
        #[tokio::test]
        async fn $name() {
            $run($bytes, $($words),+).await;
        }
    )+};
}

rules! { breaks:
    a_frame_of_no_kind => frame(0, 0, ""), "kind 0x00";
    a_frame_of_a_kind_that_is_not_known => frame(0x7f, 1, "payload"), "kind 0x7f";
    a_frame_as_long_as_can_be_said => [0xff, 0xff, 0xff, CALL, 0, 0, 0, 1], "longer than max_frame";
    a_frame_a_byte_too_long => &frame(0x80, 0, vec![0; 131_072 + 65])[..20], "longer than max_frame";
    a_second_hello => hello(&[]), "does not send";
    a_reply_from_a_client => frame(REPLY, 1, [BODY]), "does not send";
    a_call_with_number_0 => call(0, "Greeter.Hello", "{}"), "id is 0";
    a_call_above_the_greatest_number => call(1_001, "Greeter.Hello", "{}"), "call 1001";
    a_call_of_the_greatest_number_there_is => call(u32::MAX, "Greeter.Hello", "{}"), "up to 1000";
    a_call_whose_number_is_busy => [call(1, "Test.Wait", "{}"), call(1, "Test.Wait", "{}")].concat(), "call 1, which is not over";
    a_call_whose_number_is_busy_with_parts => [begun(1, "Test.Wait", 9, "{"), call(1, "Test.Wait", "{}")].concat(), "call 1, which is not over";
    a_call_behind_the_clients_goodbye => [goaway(NONE), call(1, "Greeter.Hello", "{}")].concat(), "behind";
    a_route_that_means_nothing => frame(CALL, 1, [BODY, 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), "route 7";
    a_route_of_number_0 => frame(ROUTE, 0, [0, 0, 0, 0]), "number";
    a_route_above_the_greatest_number => frame(ROUTE, 257, [0, 0, 0, 0]), "257";
    a_route_whose_name_is_cut => frame(ROUTE, 1, [0, 9, b'a']), "ROUTE";
    a_route_that_is_no_text => frame(ROUTE, 1, [0, 1, 0xff, 0, 0]), "UTF-8";
    a_route_longer_than_a_header => frame(ROUTE, 1, [&[0xff, 0xff][..], &[b'a'; 65_535], &[0, 0]].concat()), "max_header";
    a_block_that_means_nothing => frame(CALL, 1, { let mut p = asking(BODY, "Greeter.Hello", "{}"); p[5] = 3; p }), "block 3";
    a_block_above_the_greatest_number => frame(BLOCK, 65, ""), "65";
    a_block_that_breaks_off => frame(BLOCK, 1, [5, 0, 0, 0, 9, b'x']), "metadata";
    a_block_longer_than_a_header => frame(BLOCK, 1, [&[5, 0, 1, 0, 0][..], &[b'x'; 65_536]].concat()), "max_header";
    a_block_of_too_many_entries => frame(BLOCK, 1, [5, 0, 0, 0, 0].repeat(1_025)), "1024";
    a_format_of_a_number_that_is_taken => frame(FORMAT, 1, "application/json"), "number";
    a_format_longer_than_a_header => frame(FORMAT, 16, vec![b'x'; 65_537]), "max_header";
    metadata_longer_than_a_header => frame(CALL, 1, {
        let own = [&[0, 1, 0, 5, 5, 0, 1, 0, 0][..], &[b'x'; 65_536]].concat();
        let mut p = asking(BODY | 4, "Greeter.Hello", own);
        p.extend(b"{}");
        p
    }), "metadata";
    trailing_metadata_longer_than_a_header => [stream(1, "Test.Count"), frame(END, 1, [&[2, 5, 0, 1, 0, 0][..], &[b'x'; 65_536]].concat())].concat(), "max_header";
    an_end_with_an_error => [stream(1, "Test.Count"), frame(END, 1, b"\x01{}")].concat(), "error";
    a_credit_of_0 => credit(1, 0), "CREDIT";
    a_credit_above_what_there_is => credit(0, 1 << 31), "CREDIT";
    a_credit_that_is_too_much_together => [credit(0, i32::MAX as u32), credit(0, i32::MAX as u32)].concat(), "more credit";
    a_ping_that_is_too_short => frame(PING, 0, "short"), "PING";
    a_ping_of_a_call => frame(PING, 1, "12345678"), "id is not 0";
    a_cancel_with_a_payload => frame(CANCEL, 1, "x"), "CANCEL";
    a_goaway_that_is_too_short => frame(GOAWAY, 0, [0]), "GOAWAY";
    flags_that_are_not_known => frame(CALL, 1, asking(0x40, "Greeter.Hello", "")), "flags";
    a_stream_with_a_message => frame(CALL, 1, asking(STREAM | BODY, "Greeter.Hello", "{}")), "flags";
    a_first_part_that_is_all => begun(1, "Greeter.Hello", 2, "{}"), "part";
    a_part_that_is_empty => [begun(1, "Greeter.Hello", 2, "{"), data(1, LAST, "")].concat(), "part";
    parts_above_their_total => [begun(1, "Greeter.Hello", 3, "{"), data(1, LAST, "abc")].concat(), "the 3 bytes";
    parts_below_their_total => [begun(1, "Greeter.Hello", 3, "{"), data(1, LAST, "}")].concat(), "the 3 bytes";
    parts_that_go_on_at_their_total => [begun(1, "Greeter.Hello", 3, "{"), data(1, MIDDLE, "ab")].concat(), "the 3 bytes";
    a_message_within_another_one => [stream(1, "Test.Wait"), first(1, 9, "a"), first(1, 9, "a")].concat(), "within another";
    a_whole_message_within_another_one => [stream(1, "Test.Wait"), first(1, 9, "a"), data(1, WHOLE, "a")].concat(), "within another";
    more_messages_in_parts_than_may_be => (1..=9).flat_map(|id| begun(id, "Greeter.Hello", 9, "a")).collect::<Vec<_>>(), "more than 8";
    garbage_behind_the_hello => [0xde, 0xad, 0xbe, 0xef].repeat(8), "longer than max_frame";
}

rules! { begins:
    a_version_of_tomorrow => &[b"\x89LANE\r\n\x02", &hello(&[])[..]].concat(), VERSION, "version 2";
    a_version_of_nobody => b"\x89LANE\r\n\0", VERSION, "version 0";
    a_call_instead_of_a_hello => &[PREFACE, &call(1, "Greeter.Hello", "{}")].concat(), PROTOCOL, "no HELLO";
    garbage_behind_the_preface => &[PREFACE, &[0xff; 64]].concat(), PROTOCOL, "longer than max_frame";
    a_hello_of_half_a_field => &[PREFACE, &frame(HELLO, 0, [0; 15])].concat(), PROTOCOL, "10 bytes";
    a_hello_of_a_call => &[PREFACE, &frame(HELLO, 1, [])].concat(), PROTOCOL, "id is not 0";
    a_hello_of_too_many_fields => &[PREFACE, &frame(HELLO, 0, [0; 650])].concat(), PROTOCOL, "64 fields";
    a_hello_that_says_one_thing_twice => &[PREFACE, &hello(&[(2, 1), (2, 1)])].concat(), PROTOCOL, "twice";
    a_hello_of_tiny_frames => &[PREFACE, &hello(&[(3, 1)])].concat(), PROTOCOL, "16384";
    a_hello_of_a_window_without_end => &[PREFACE, &hello(&[(4, u64::MAX)])].concat(), PROTOCOL, "window";
}

macro_rules! fine {
    ($($name:ident => $bytes:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            passes($bytes).await;
        }
    )+};
}

fine! {
    extensions_are_skipped => (0x80..=0xff).flat_map(|kind| frame(kind, 7, vec![kind; 500])).collect::<Vec<_>>();
    a_pong_that_nobody_asked_for => frame(PONG, 0, "12345678");
    metadata_as_long_as_a_header => frame(BLOCK, 1, [&[5, 0, 0, 255, 251][..], &[b'x'; 65_531]].concat());
    routes_that_are_named_again => (0..1_000).flat_map(|n| frame(ROUTE, n % 256 + 1, [0, 1, b'a' + (n % 26) as u8, 0, 0])).collect::<Vec<_>>();
    frames_of_calls_that_never_were => [data(5, WHOLE, "a"), end(5), cancel(5), credit(5, 9), data(u32::MAX, WHOLE, "a"), cancel(u32::MAX), credit(u32::MAX, 1)].concat();
}

/// What a HELLO may say that nobody means: the connection works as far as it can.
#[tokio::test]
async fn a_hello_of_zeros() {
    attack(async |siege| {
        let fields: Vec<_> = [1, 2, 4, 5, 6, 7, 8, 9].into_iter().map(|key| (key, 0)).collect();
        let mut wire = Wire::with(siege.server.address, &fields).await;
        assert!(wire.send(call(1, "Greeter.Hello", r#"{"name":"Jane"}"#)).await);
        let error = wire.failed(1).await;
        assert!(error.detail().contains("max_message"), "{error}");
        wire.pong().await;
    })
    .await;
}

#[tokio::test]
async fn a_hello_of_the_greatest_numbers() {
    attack(async |siege| {
        let fields: Vec<_> = [1, 2, 3, 6, 7, 8, 9, 77].into_iter().map(|key| (key, u64::MAX)).collect();
        let mut wire = Wire::with(siege.server.address, &fields).await;
        wire.goes_on().await;
    })
    .await;
}
