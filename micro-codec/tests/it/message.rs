//! `#[message]`: what it makes of types.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::Bytes;
use micro_codec::{JSON, MSGPACK, PROTOBUF};
use micro_core::{Format, Message};
use micro_macros::message;

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
