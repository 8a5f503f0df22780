//! What is told of input that is no message: what is wrong and where, and nothing of what was sent.

use micro_codec::{JSON, MSGPACK, PROTOBUF, RAW};
use micro_core::{Code, Format, Message};

use crate::tree::{Color, Tree};

fn told(format: Format, input: impl Into<Vec<u8>>) -> String {
    told_of::<Tree>(format, input)
}

fn told_of<T: Message>(format: Format, input: impl Into<Vec<u8>>) -> String {
    let input = input.into();
    let Err(error) = T::decode(format, input.clone().into()) else { panic!("{format} {input:x?} is read") };
    assert_eq!(error.code(), Code::InvalidArgument, "{format} {input:x?}: {error}");
    error.detail().to_owned()
}

fn read(format: Format, input: impl Into<Vec<u8>>) -> Tree {
    Tree::decode(format, input.into().into()).unwrap()
}

#[test]
fn json() {
    for (input, expected) in [
        ("{\"children\":[".repeat(200), "json: recursion limit exceeded at line 1 column 832"),
        ("{\"number\":1e999}".into(), "json: number out of range at line 1 column 15"),
        ("{\"number\":4294967296}".into(), "json: invalid value: integer, expected u32 at line 1 column 20"),
        (
            format!("{{\"number\":{}}}", "9".repeat(100)),
            "json: invalid type: floating point, expected u32 at line 1 column 110",
        ),
        ("{\"name\":\"\\ud800\"}".into(), "json: unexpected end of hex escape at line 1 column 16"),
        (
            "{\"children\":[{\"name\":5}]}".into(),
            "json: invalid type: integer, expected a string at line 1 column 22",
        ),
        (
            "{\"boxed\":[\"hunter2\"]}".into(),
            "json: invalid type: sequence, expected struct Tree at line 1 column 10",
        ),
        ("{\"name\":\"hunter2".into(), "json: EOF while parsing a string at line 1 column 16"),
        (
            "{\"color\":\"Hunter\"}".into(),
            "json: unknown variant, expected one of `RED`, `Red`, `red`, `BLUE`, `Blue`, `blue` at line 1 column 17",
        ),
        ("{} {}".into(), "json: trailing characters at line 1 column 4"),
        ("{\"name\":\"a\",\n\"name\":\"b\"}".into(), "json: duplicate field `name` at line 2 column 6"),
    ] {
        assert_eq!(told(JSON, input), expected);
    }
    assert_eq!(told(JSON, b"{\"name\":\"\xff\"}"), "json: invalid unicode code point at line 1 column 10");
    // As in every reader of JSON: of the entries of a map with one key, the last one counts.
    assert_eq!(read(JSON, "{\"table\":{\"a\":1,\"a\":2}}").table["a"], 2);
}

/// A map with one entry.
fn entry(name: &str, value: &[u8]) -> Vec<u8> {
    [&[0x81, 0xa0 | name.len() as u8], name.as_bytes(), value].concat()
}

#[test]
fn msgpack() {
    let deep = [entry("children", &[0x91]).repeat(200), vec![0x80]].concat();
    let twice = [&[0x82], &entry("name", &[0xa1, b'a'])[1..], &entry("name", &[0xa1, b'b'])[1..]].concat();
    for (input, expected) in [
        (deep, "msgpack: depth limit exceeded"),
        (
            entry("children", &[0xdd, 0xff, 0xff, 0xff, 0xff]),
            "msgpack: ends in the middle of a value at byte 15",
        ),
        (
            entry("bytes", &[0xc6, 0xff, 0xff, 0xff, 0xff]),
            "msgpack: ends in the middle of a value at byte 12",
        ),
        (
            entry("name", &[0xa1, 0xff]),
            "msgpack: string found to be invalid utf8: invalid utf-8 sequence of 1 bytes from index 0",
        ),
        (entry("name", &[5]), "msgpack: invalid type: integer, expected a string"),
        (entry("number", &[0xa1, b'a']), "msgpack: wrong msgpack marker FixStr(1)"),
        (entry("number", &[0xff]), "msgpack: invalid value: integer, expected u32"),
        (entry("number", &[0xcd, 1]), "msgpack: ends in the middle of a value at byte 10"),
        (
            entry("color", &[0xa6, b'H', b'u', b'n', b't', b'e', b'r']),
            "msgpack: unknown variant, expected one of `RED`, `Red`, `red`, `BLUE`, `Blue`, `blue`",
        ),
        (entry("color", &[7]), "msgpack: invalid value: integer, expected variant index 0 <= i < 2"),
        (vec![0xc1], "msgpack: the reserved marker 0xc1 at byte 0"),
        (vec![0x80, 0x80], "msgpack: the message ends at byte 1, and more follows"),
        (twice, "msgpack: duplicate field `name`"),
    ] {
        assert_eq!(told(MSGPACK, input), expected);
    }
    assert_eq!(read(MSGPACK, entry("table", &[0x82, 0xa1, b'a', 1, 0xa1, b'a', 2])).table["a"], 2);
}

#[test]
fn protobuf() {
    let mut deep = Vec::new();
    for _ in 0..110 {
        let mut outer = vec![0x1a];
        prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.append(&mut deep);
        deep = outer;
    }
    let huge = |tag| [&[tag], &[0xff; 8][..], &[0x7f]].concat();
    for (input, expected) in [
        (
            deep,
            "protobuf: ..: Tree.children: Tree.children: Tree.children: Tree.children: recursion limit reached",
        ),
        (huge(0x0a), "protobuf: Tree.name: buffer underflow"),
        (huge(0x2a), "protobuf: Tree.bytes: buffer underflow"),
        (vec![0x0a, 1, 0xff], "protobuf: Tree.name: invalid string value: data is not UTF-8 encoded"),
        (vec![0x12, 1, 1], "protobuf: Tree.number: invalid wire type: LengthDelimited (expected Varint)"),
        (
            vec![0x1a, 2, 0x08, 1],
            "protobuf: Tree.name: Tree.children: invalid wire type: Varint (expected LengthDelimited)",
        ),
        (vec![0x10, 0x80], "protobuf: Tree.number: invalid varint"),
        ([&[0x10], &[0xff; 10][..], &[1]].concat(), "protobuf: Tree.number: invalid varint"),
        (vec![0x80], "protobuf: invalid varint"),
        (vec![0x10, 1, 0x17], "protobuf: invalid wire type value: 7"),
        // Nothing is behind a message of protobuf but more of it: what else it is, is a tag that there is none of.
        (vec![0x10, 1, 0], "protobuf: invalid tag value: 0"),
    ] {
        assert_eq!(told(PROTOBUF, input), expected);
    }
    // As protobuf says: the last one counts, and the number of no variant as not sent.
    assert_eq!(read(PROTOBUF, [0x10, 1, 0x10, 2]).number, 2);
    assert_eq!(read(PROTOBUF, [0x20, 5, 0x20, 77]).color, Color::Blue);
    assert_eq!(read(PROTOBUF, [0x20, 77]).color, Color::Red);
}

#[test]
fn messages_without_a_definition() {
    for (format, input, expected) in [
        (RAW, &b"\xff"[..], "text that is not UTF-8"),
        (PROTOBUF, &[0x0a, 1, 0xff], "text that is not UTF-8"),
        (
            PROTOBUF,
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
            "protobuf: the message ends in the middle of a field",
        ),
        (PROTOBUF, &[0x0b], "protobuf: unknown wire type 3"),
        (
            PROTOBUF,
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "protobuf: a number of more than ten bytes",
        ),
        (MSGPACK, &[0xdb, 0xff, 0xff, 0xff, 0xff], "msgpack: ends in the middle of a value at byte 5"),
        (JSON, b"\"a", "json: EOF while parsing a string at line 1 column 2"),
        (JSON, b"[\"a\"]", "json: invalid type: sequence, expected a string at line 1 column 0"),
    ] {
        assert_eq!(told_of::<String>(format, input), expected);
    }
}
