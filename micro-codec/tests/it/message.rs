//! `#[message]`: what it makes of types.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::Bytes;
use micro_codec::{JSON, MSGPACK, PROTOBUF, RAW};
use micro_core::{Code, Format, Message};
use micro_macros::message;

use crate::bencode::bencode;

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq, Default)]
struct Profile {
    #[field(1)]
    user_name: String,
    #[field(3)]
    id: u64,
    #[field(2, sint)]
    offset: i64,
    #[field(4)]
    tags: Vec<String>,
    #[field(5)]
    counts: HashMap<String, i64>,
    #[field(6)]
    nested: Address,
    #[field(7)]
    other: Option<Box<Profile>>,
    #[field(8)]
    color: Color,
    #[field(9)]
    shape: Option<Shape>,
    #[field(10)]
    blob: Bytes,
    #[field(11)]
    colors: Vec<Color>,
    #[field(12)]
    shapes: BTreeMap<u32, Shape>,
    #[field(13)]
    r#type: Option<i64>,
    #[field(14, fixed)]
    stamps: Vec<u64>,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq, Default)]
struct Address {
    #[field(1)]
    street: String,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Copy, Debug, PartialEq, Default)]
enum Color {
    #[default]
    Red,
    DarkBlue = 7,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
enum Shape {
    #[field(1)]
    Point,
    #[field(2)]
    Circle(f64),
    #[field(3)]
    BigPlace(Address),
    #[field(4)]
    Count(u64),
}

fn profile() -> Profile {
    Profile {
        user_name: "jane".into(),
        id: u64::MAX,
        offset: -3,
        tags: vec!["a".into(), String::new()],
        counts: HashMap::from([("x".into(), i64::MIN), (String::new(), 0)]),
        nested: Address { street: "Main".into() },
        other: Some(Box::new(Profile { color: Color::DarkBlue, ..Profile::default() })),
        color: Color::DarkBlue,
        shape: Some(Shape::BigPlace(Address { street: "Wide".into() })),
        blob: Bytes::from_static(&[0, 255]),
        colors: vec![Color::Red, Color::DarkBlue],
        shapes: BTreeMap::from([(1, Shape::Point), (2, Shape::Circle(0.5)), (0, Shape::Count(0))]),
        r#type: Some(0),
        stamps: vec![0, 1, u64::MAX],
    }
}

fn round_trip<T: Message + PartialEq + Debug>(message: &T, format: Format) {
    let bytes = message.to_bytes(format).unwrap();
    assert_eq!(&T::decode(format, bytes).unwrap(), message, "{format}");
}

#[test]
fn all_formats_hold_it() {
    for format in [JSON, PROTOBUF, MSGPACK] {
        assert!(Profile::speaks(format));
        round_trip(&profile(), format);
        round_trip(&Profile::default(), format);
        for shape in [Shape::Point, Shape::Circle(0.0), Shape::BigPlace(Address::default()), Shape::Count(7)]
        {
            round_trip(&shape, format);
        }
    }
}

fn read<T: Message>(json: &str) -> Result<T, String> {
    T::decode(JSON, Bytes::copy_from_slice(json.as_bytes())).map_err(|error| error.detail().to_owned())
}

#[test]
fn json_goes_out_as_serde_has_it() {
    let address = Address { street: "Main".into() };
    assert_eq!(address.to_bytes(JSON).unwrap(), r#"{"street":"Main"}"#);
    assert_eq!(Shape::BigPlace(address).to_bytes(JSON).unwrap(), r#"{"BigPlace":{"street":"Main"}}"#);
    let json = Profile { id: 7, ..Profile::default() }.to_bytes(JSON).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(
        (&json["user_name"], &json["id"], &json["color"], &json["type"]),
        (&"".into(), &7.into(), &"Red".into(), &().into())
    );
}

#[test]
fn json_comes_in_as_others_write_it() {
    // The canonical JSON of protobuf: lowerCamelCase, 64-bit integers as strings, defaults left out.
    let ours: Profile = read(
        r#"{"userName": "jane", "id": "18446744073709551615", "offset": "-3", "counts": {"x": "-1"}, "type": "5",
            "color": "DARK_BLUE", "shape": {"bigPlace": {"street": "Wide"}}, "stamps": ["1", 2], "unknown": [1]}"#,
    )
    .unwrap();
    let expected = Profile {
        user_name: "jane".into(),
        id: u64::MAX,
        offset: -3,
        counts: HashMap::from([("x".into(), -1)]),
        color: Color::DarkBlue,
        shape: Some(Shape::BigPlace(Address { street: "Wide".into() })),
        r#type: Some(5),
        stamps: vec![1, 2],
        ..Profile::default()
    };
    assert_eq!(ours, expected);
    // Go: snake_case, and `null` for what is empty.
    let ours =
        read::<Profile>(r#"{"user_name": "jane", "tags": null, "counts": null, "nested": null, "id": null}"#);
    assert_eq!(ours.unwrap(), Profile { user_name: "jane".into(), ..Profile::default() });
    assert_eq!(read("{}\n"), Ok(Profile::default()));
    assert_eq!(read(r#"{"Count": "7"}"#), Ok(Shape::Count(7)));
}

#[test]
fn json_that_is_wrong() {
    let error = read::<Profile>("{\"userName\": \"a\",\n\"id\": \"hunter2\"}").unwrap_err();
    assert_eq!(
        error,
        "json: invalid value: string, expected a 64-bit integer that is not negative, as a number or a string at line 2 column 15"
    );
    for json in ["", "{\"user_name\":", "{} {}", "[]1", "{\"user_name\": \"a\", \"userName\": \"b\"}"] {
        let error = Profile::decode(JSON, Bytes::copy_from_slice(json.as_bytes())).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{json}");
    }
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    first_name: String,
    age: Option<u64>,
    when: std::time::Duration,
    #[serde(rename = "ID", default)]
    id: u32,
}

#[test]
fn without_numbers_there_is_no_protobuf() {
    let plain = Plain {
        first_name: "a".into(),
        age: Some(u64::MAX),
        when: std::time::Duration::from_millis(1_500),
        id: 3,
    };
    for format in [JSON, MSGPACK, bencode()] {
        round_trip(&plain, format);
    }
    let read = read::<Plain>(r#"{"firstName": "a", "when": {"secs": 0, "nanos": 0}}"#).unwrap();
    assert_eq!((read.age, read.id), (None, 0));
    for format in [PROTOBUF, RAW] {
        assert!(!Plain::speaks(format));
        let error = plain.to_bytes(format).unwrap_err();
        assert_eq!(error.http(), 415);
        assert_eq!(
            error.detail(),
            format!(
                "unsupported content type `{format}` (spoken here: application/json, application/msgpack)"
            )
        );
        assert_eq!(Plain::decode(format, Bytes::new()).unwrap_err().http(), 415);
    }
    // A field without a number has no default of its own.
    assert!(self::read::<Plain>("{}").unwrap_err().contains("missing field `first_name`"));
}

#[message(crate = "micro_codec")]
#[derive(Clone, PartialEq, prost::Message)]
struct Theirs {
    #[prost(string, tag = "1")]
    name: String,
}

#[message(crate = "micro_codec")]
#[derive(Clone, PartialEq, prost::Message, serde::Serialize, serde::Deserialize)]
struct TheirsWithJson {
    #[prost(string, tag = "1")]
    name: String,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
struct Around<T> {
    #[field(1)]
    items: Vec<T>,
    #[field(2)]
    one: T,
}

#[test]
fn types_of_prost() {
    let (theirs, with_json) = (Theirs { name: "a".into() }, TheirsWithJson { name: "b".into() });
    round_trip(&theirs, PROTOBUF);
    assert_eq!(
        theirs.to_bytes(JSON).unwrap_err().detail(),
        "unsupported content type `application/json` (spoken here: application/protobuf)"
    );
    for format in [JSON, PROTOBUF, MSGPACK] {
        round_trip(&with_json, format);
        round_trip(&Around { items: vec![with_json.clone()], one: with_json.clone() }, format);
        round_trip(&Around { items: vec!["a".to_owned()], one: String::new() }, format);
    }
    assert_eq!(Theirs::schema().name, "Theirs");
}

#[test]
fn schemas() {
    let schema = Profile::schema();
    assert_eq!(schema.name, "Profile");
    assert_eq!(schema.json["properties"]["user_name"]["type"], "string");
    assert_eq!(schema.json["properties"]["offset"]["x-protobuf-number"], 2);
    // With numbers, every field may be absent.
    assert_eq!(schema.json.get("required"), None);
    assert_eq!(Plain::schema().json["required"], serde_json::json!(["first_name", "when"]));
}

#[test]
fn errors_of_protobuf_say_where() {
    let error = Profile::decode(PROTOBUF, Bytes::from_static(&[0x32, 3, 0x0a, 1, 0xff])).unwrap_err();
    assert_eq!(
        error.detail(),
        "protobuf: Address.street: Profile.nested: invalid string value: data is not UTF-8 encoded"
    );
    let error =
        Profile::decode(PROTOBUF, Bytes::from_static(&[0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])).unwrap_err();
    assert_eq!(error.detail(), "protobuf: Profile.user_name: buffer underflow");
}

#[test]
fn levels_have_a_limit() {
    let deep = |levels| {
        (0..levels).fold(Profile::default(), |inner, _| Profile {
            other: Some(Box::new(inner)),
            ..Profile::default()
        })
    };
    round_trip(&deep(30), PROTOBUF);
    let bytes = deep(110).to_bytes(PROTOBUF).unwrap();
    let error = Profile::decode(PROTOBUF, bytes).unwrap_err();
    assert!(error.detail().ends_with("recursion limit reached"), "{error}");
}

#[message(crate = "micro_codec")]
#[derive(Debug, PartialEq)]
struct Renamed {
    #[serde(rename = "userID")]
    #[field(1)]
    user_id: String,
}

#[message(crate = "micro_codec")]
#[serde(rename_all = "camelCase")]
#[derive(Debug, PartialEq)]
struct Camel {
    first_name: String,
    big_num: u64,
}

#[test]
fn what_is_renamed_is_read_under_every_spelling() {
    for name in ["userID", "user_id", "userId"] {
        let read = read::<Renamed>(&format!(r#"{{"{name}": "5"}}"#)).unwrap();
        assert_eq!(read.user_id, "5", "{name}");
    }
    for json in [r#"{"first_name": "x", "big_num": "5"}"#, r#"{"firstName": "x", "bigNum": 5}"#] {
        assert_eq!(read::<Camel>(json).unwrap(), Camel { first_name: "x".into(), big_num: 5 }, "{json}");
    }
    let written = Camel { first_name: "x".into(), big_num: 5 }.to_bytes(JSON).unwrap();
    assert_eq!(written, r#"{"firstName":"x","bigNum":5}"#, "what is written is what serde writes");
}

#[test]
fn an_error_of_a_deep_message_is_short() {
    #[message(crate = "micro_codec")]
    #[derive(Debug)]
    struct Nested {
        #[field(1)]
        inner: Option<Box<Nested>>,
    }

    let mut deep = Vec::new();
    for _ in 0..110 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(deep.len() as u64, &mut outer);
        outer.extend_from_slice(&deep);
        deep = outer;
    }
    let error = Nested::decode(micro_codec::PROTOBUF, deep.into()).unwrap_err();
    assert_eq!(error.code(), micro_core::Code::InvalidArgument);
    assert!(error.detail().starts_with("protobuf: ..: Nested.inner: "), "{error}");
    assert!(error.detail().ends_with("recursion limit reached") && error.detail().len() < 150, "{error}");
}
