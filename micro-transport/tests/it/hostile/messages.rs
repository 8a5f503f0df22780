//! Messages that are none, in each format: the codecs' own tests say more, these say what a caller sees.

use super::siege::Siege;
use crate::http_server::raw::Raw;

/// A message that cannot be read is refused, in words that name its format, and the connection goes on.
async fn refused((format, body, words): (&str, impl AsRef<[u8]>, &str)) {
    let siege = Siege::lay().await;
    let mut raw = Raw::to(siege.server.address).await;
    for endpoint in ["", "Micro-Endpoint: Test.Tree\r\n"] {
        let body = body.as_ref();
        let head = format!(
            "POST /Test/Tree HTTP/1.1\r\nHost: a\r\nContent-Type: application/{format}\r\n{endpoint}Content-Length: {}\r\n\r\n",
            body.len()
        );
        raw.send([head.as_bytes(), body].concat()).await;
        let said = raw.answer().await;
        let error = said.error();
        assert_eq!(
            (said.status(), error.go_micro()),
            (if endpoint.is_empty() { 400 } else { 200 }, 400),
            "{error}"
        );
        assert!(error.detail().contains(format) && error.detail().contains(words), "{error}");
        assert!(error.detail().len() < 4_000, "{} bytes", error.detail().len());
        assert_eq!(said.header("connection"), None);
    }
    drop(raw);
    siege.lift().await;
}

/// Protobuf: trees in trees, each the one child of the other.
fn nested(depth: usize) -> Vec<u8> {
    let mut tree = Vec::new();
    for _ in 0..depth {
        let mut outer = vec![0x1a];
        let mut length = tree.len();
        while length >= 128 {
            outer.push(length as u8 | 128);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend_from_slice(&tree);
        tree = outer;
    }
    tree
}

cases! { refused:
    json_of_nothing => ("json", " ", "");
    json_that_is_cut => ("json", r#"{"name":"a"#, "");
    json_with_more_behind_it => ("json", "{} {}", "");
    json_of_100_000_brackets => ("json", "[".repeat(100_000), "");
    json_of_100_000_trees => ("json", r#"{"children":["#.repeat(100_000), "recursion");
    json_of_unknown_depth => ("json", format!(r#"{{"what":{}"#, "[".repeat(100_000)), "");
    json_that_is_no_utf8 => ("json", b"{\"name\":\"\xff\"}", "");
    json_with_half_a_surrogate => ("json", r#"{"name":"\ud800"}"#, "");
    json_with_a_control_character => ("json", "{\"name\":\"\u{1}\"}", "");
    json_with_a_number_for_a_text => ("json", r#"{"name":5}"#, "string");
    json_with_a_number_below_zero => ("json", r#"{"count":-1}"#, "");
    json_with_a_number_above_64_bits => ("json", r#"{"count":18446744073709551616}"#, "");
    json_with_a_number_of_a_million_digits => ("json", format!(r#"{{"count":{}}}"#, "9".repeat(1_000_000)), "");
    json_with_an_exponent_of_a_million => ("json", r#"{"count":1e1000000}"#, "");
    json_with_a_name_twice => ("json", r#"{"name":"a","name":"b"}"#, "duplicate");
    json_that_is_a_list => ("json", r#"["a",1,[]]"#, "");

    protobuf_that_is_cut => ("protobuf", b"\x0a\x05ab", "");
    protobuf_of_200_trees => ("protobuf", nested(200), "recursion");
    protobuf_of_20_000_trees => ("protobuf", nested(20_000), "recursion");
    protobuf_with_a_length_of_63_bits => ("protobuf", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "");
    protobuf_with_a_number_of_11_bytes => ("protobuf", b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "");
    protobuf_that_is_no_utf8 => ("protobuf", b"\x0a\x01\xff", "");
    protobuf_with_a_field_of_number_0 => ("protobuf", b"\x02\x00", "");
    protobuf_with_an_unknown_wire_type => ("protobuf", b"\x0f\x00", "");
    protobuf_with_a_number_for_a_text => ("protobuf", b"\x08\x01", "");
    protobuf_with_a_group_without_end => ("protobuf", b"\x7b", "");
    protobuf_of_100_000_groups => ("protobuf", [0x7b; 100_000], "");
    protobuf_with_the_end_of_no_group => ("protobuf", b"\x7c", "");

    msgpack_that_is_cut => ("msgpack", b"\x81\xa4na", "");
    msgpack_of_a_reserved_byte => ("msgpack", b"\xc1", "");
    msgpack_of_100_000_lists => ("msgpack", [0x91; 100_000], "");
    msgpack_of_100_000_trees => ("msgpack", b"\x81\xa8children\x91".repeat(100_000), "");
    msgpack_of_unknown_depth => ("msgpack", [&b"\x81\xa4what"[..], &[0x91; 100_000]].concat(), "");
    msgpack_with_a_list_of_32_bits => ("msgpack", b"\x81\xa8children\xdd\xff\xff\xff\xff", "");
    msgpack_with_a_map_of_32_bits => ("msgpack", b"\xdf\xff\xff\xff\xff", "");
    msgpack_with_a_text_of_32_bits => ("msgpack", b"\x81\xa4name\xdb\xff\xff\xff\xff", "");
    msgpack_that_is_no_utf8 => ("msgpack", b"\x81\xa4name\xa1\xff", "");
    msgpack_with_a_number_for_a_text => ("msgpack", b"\x81\xa4name\x05", "");
    msgpack_with_a_number_below_zero => ("msgpack", b"\x81\xa5count\xff", "");
}
