//! Floods of frames of HTTP/2.

use tokio::io::AsyncWriteExt;

use super::alone::floods;
use super::frames::*;
use super::siege::Siege;
use crate::http_server::options;

/// How a flood ends: the connection goes on, or it is ended for this reason and in these words.
type End = Option<(u32, String)>;

/// Sends so many pieces on one connection and reads all that comes, to the answer to what is sent last or to the end.
async fn pour(siege: &Siege, first: Vec<u8>, count: u32, piece: impl Fn(u32) -> Vec<u8>) -> End {
    const LAST: &[u8; 8] = b"the last";
    let mut wire = Wire::open(siege.server.address).await;
    wire.send(first).await;
    let mut writer = wire.writer();
    let writing = async move {
        for number in 0..count {
            if writer.write_all(&piece(number)).await.is_err() {
                return;
            }
        }
        let _ = writer.write_all(&frame(PING, 0, 0, LAST)).await;
    };
    let reading = async {
        loop {
            match wire.frame().await? {
                Frame { kind: PING, flags: ACK, payload, .. } if payload == LAST => return None,
                Frame { kind: GOAWAY, payload, .. } => {
                    let code = u32::from_be_bytes(payload[4..8].try_into().unwrap());
                    return Some((code, String::from_utf8_lossy(&payload[8..]).into_owned()));
                }
                _ => {}
            }
        }
    };
    tokio::select! {
        end = reading => end,
        // The reader ends at the last answer, or with the connection.
        () = async { writing.await; std::future::pending().await } => None,
    }
}

/// The flood costs its bytes and nothing else: the connection goes on.
fn goes_on(end: End) {
    if let Some((code, words)) = end {
        panic!("the connection ended: {code} {words}");
    }
}

/// The flood ends its connection.
fn calmed(end: End, why: &str) {
    let (code, words) = end.expect("the connection goes on");
    assert_eq!(code, ENHANCE_YOUR_CALM);
    assert!(words.contains(why), "{words}");
}

/// The number of a stream.
fn odd(number: u32) -> u32 {
    number * 2 + 1
}

fn stream(id: u32) -> Vec<u8> {
    head(id, "/Test/Count", &[("content-type", "application/connect+json")])
}

floods! {
    resets: options() => async |siege: &Siege| {
        // CVE-2023-44487: a call and its end in one breath, again and again. No more run at a time than may.
        let end = pour(siege, Vec::new(), 20_000, |n| [post(odd(n), "/Test/Wait", &[]), reset(odd(n))].concat()).await;
        assert!(end.as_ref().is_none_or(|(code, _)| *code == ENHANCE_YOUR_CALM), "{end:?}");
    };
    resets_in_large_batches: options() => async |siege: &Siege| {
        let end = pour(siege, Vec::new(), 20, |batch| {
            (0..3_000).flat_map(|n| { let id = odd(batch * 3_000 + n); [post(id, "/Test/Wait", &[]), reset(id)].concat() }).collect()
        }).await;
        calmed(end, "too_many_resets");
    };
    resets_of_streams_that_are_over: options() => async |siege: &Siege| {
        goes_on(pour(siege, [post(1, "/Test/Wait", &[]), reset(1)].concat(), 100_000, |_| reset(1)).await);
    };
    resets_that_are_provoked: options() => async |siege: &Siege| {
        // "Made you reset", CVE-2025-8671: the server is made to reset the streams itself.
        let end = pour(siege, Vec::new(), 20_000, |n| [stream(odd(n)), window(odd(n), (1 << 31) - 1)].concat()).await;
        calmed(end, "too_many_internal_resets");
    };
    heads_that_are_malformed: options() => async |siege: &Siege| {
        let end = pour(siege, Vec::new(), 20_000, |n| post(odd(n), "/Test/Wait", &[("te", "gzip")])).await;
        calmed(end, "too_many_internal_resets");
    };
    streams_above_their_limit: options() => async |siege: &Siege| {
        let end = pour(siege, Vec::new(), 20_000, |n| post(odd(n), "/Test/Wait", &[])).await;
        calmed(end, "too_many_internal_resets");
        assert!(siege.app.running() <= 1_001, "{} handlers", siege.app.running());
    };
    pings: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |_| frame(PING, 0, 0, [7; 8]).repeat(100)).await);
    };
    answers_to_pings_that_were_not_sent: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |_| frame(PING, ACK, 0, [7; 8]).repeat(100)).await);
    };
    settings_without_end: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |_| settings(&[(4, 65_535)]).repeat(100)).await);
    };
    settings_of_a_thousand_lines: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 100, |_| settings(&[(1, 0); 2_000])).await);
    };
    settings_that_turn_windows_up_and_down: options() => async |siege: &Siege| {
        // Each of them is looked up in a thousand streams.
        let open = (0..900).flat_map(|n| post(odd(n), "/Test/Wait", &[])).collect();
        goes_on(pour(siege, open, 2_000, |n| settings(&[(4, n % 2 * 65_535)])).await);
    };
    continuations: options() => async |siege: &Siege| {
        // CVE-2024-27316: a head without end.
        let end = pour(siege, frame(HEADERS, 0, 1, block(&fields("/", &[]))), 100_000, |_| frame(CONTINUATION, 0, 1, block(&[("a", "b")]))).await;
        calmed(end, "too_many_continuations");
    };
    continuations_of_nothing: options() => async |siege: &Siege| {
        let end = pour(siege, frame(HEADERS, 0, 1, []), 100_000, |_| frame(CONTINUATION, 0, 1, [])).await;
        calmed(end, "too_many_continuations");
    };
    continuations_of_16k: options() => async |siege: &Siege| {
        let end = pour(siege, frame(HEADERS, 0, 1, []), 1_000, |_| frame(CONTINUATION, 0, 1, block(&[("a", &"x".repeat(16_000))]))).await;
        calmed(end, "");
    };
    a_text_without_end: options() => async |siege: &Siege| {
        // One header of 2 GiB, as far as its length is to be believed.
        let first = frame(HEADERS, 0, 1, [0, 1, b'a', 0x7f, 0x80, 0xff, 0xff, 0xff, 0x07]);
        let end = pour(siege, first, 1_000, |_| frame(CONTINUATION, 0, 1, [b'x'; 16_384])).await;
        assert!(end.is_some());
    };
    a_small_head_that_is_large_unpacked: options() => async |siege: &Siege| {
        // One entry of the table, and 12,000 times its number of one byte: 48 MB.
        let mut bomb = block(&fields("/Greeter/Hello", &[]));
        bomb.extend([0x40, 1, b'a', 0x7f, 0xa1, 0x1e]);
        bomb.extend([b'x'; 127 + 0x21 + (0x1e << 7)]);
        bomb.extend([0xbe; 12_000]);
        let end = pour(siege, Vec::new(), 100, |n| frame(HEADERS, END_HEADERS | END_STREAM, odd(n), &bomb)).await;
        calmed(end, "header_list_way_too_large");
    };
    small_heads_that_are_large_unpacked: options() => async |siege: &Siege| {
        // The same just below where the connection ends: each is refused by itself, and none is kept.
        let mut bomb = block(&fields("/Greeter/Hello", &[]));
        bomb.extend([0x40, 1, b'a', 0x7f, 0xa1, 0x1e]);
        bomb.extend([b'x'; 127 + 0x21 + (0x1e << 7)]);
        bomb.extend([0xbe; 50]);
        let end = pour(siege, Vec::new(), 2_000, |n| frame(HEADERS, END_HEADERS | END_STREAM, odd(n), &bomb)).await;
        assert!(end.as_ref().is_none_or(|(code, _)| *code == ENHANCE_YOUR_CALM), "{end:?}");
    };
    tables_that_change_size: options() => async |siege: &Siege| {
        let head = [&[0x20, 0x3f, 0xe1, 0x1f][..], &block(&fields("/Nope/Nope", &[]))].concat();
        goes_on(pour(siege, Vec::new(), 900, |n| frame(HEADERS, END_HEADERS | END_STREAM, odd(n), &head)).await);
    };
    data_of_nothing: options() => async |siege: &Siege| {
        let end = pour(siege, stream(1), 100_000, |_| data(1, "")).await;
        calmed(end, "");
    };
    data_of_padding: options() => async |siege: &Siege| {
        let padding = [&[255][..], &[0; 255]].concat();
        let end = pour(siege, stream(1), 100_000, |_| frame(DATA, PADDED, 1, &padding)).await;
        calmed(end, "");
    };
    data_of_a_byte_that_nobody_reads: options() => async |siege: &Siege| {
        let end = pour(siege, head(1, "/Test/Wait", &[("content-type", "application/connect+json")]), 200_000, |_| data(1, "x")).await;
        assert!(end.is_some());
    };
    streams_that_nobody_reads: options() => async |siege: &Siege| {
        const LAST: &[u8; 8] = b"the last";
        let mut wire = Wire::open(siege.server.address).await;
        // More than one connection may send without being told so.
        while wire.frame().await.expect("the connection ended").kind != WINDOW_UPDATE {}
        for number in 0..125 {
            // As much as a stream may send.
            let full = data(odd(number), [0; 16_384]).repeat(16);
            let opened = head(odd(number), "/Test/Wait", &[("content-type", "application/connect+json")]);
            assert!(wire.send([opened, full].concat()).await);
        }
        wire.send(frame(PING, 0, 0, LAST)).await;
        loop {
            let frame = wire.frame().await.expect("the connection ended");
            assert!(frame.kind != RST_STREAM && frame.kind != GOAWAY, "{frame:?}");
            if frame.kind == PING && frame.payload == LAST {
                break;
            }
        }
    };
    data_above_the_window: options() => async |siege: &Siege| {
        let end = pour(siege, head(1, "/Test/Wait", &[("content-type", "application/connect+json")]), 1_000, |_| data(1, [0; 16_384])).await;
        assert!(matches!(end, None | Some((FLOW_CONTROL_ERROR, _))), "{end:?}");
    };
    priorities: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |n| frame(PRIORITY, 0, odd(n), [0, 0, 0, 0, 9]).repeat(100)).await);
    };
    windows_of_a_byte: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |_| window(0, 1).repeat(100)).await);
    };
    frames_of_unknown_kinds: options() => async |siege: &Siege| {
        goes_on(pour(siege, Vec::new(), 1_000, |n| frame(20 + n as u8 % 200, 0, n, [1; 100]).repeat(100)).await);
    };
    goaways: options() => async |siege: &Siege| {
        pour(siege, post(1, "/Test/Wait", &[]), 1_000, |_| frame(GOAWAY, 0, 0, [0; 100]).repeat(100)).await;
    };
}
