use std::collections::{BTreeMap, HashMap};

use micro::{Code, Error, Message, message};

/// A message with everything that a message may have.
#[message]
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    #[field(1)]
    text: String,
    #[field(2)]
    number: i64,
    #[field(3)]
    maybe: Option<u32>,
    #[field(4)]
    many: Vec<u64>,
    #[field(5)]
    inner: Option<Box<Everything>>,
    #[field(6)]
    table: BTreeMap<String, bool>,
    #[field(7)]
    bytes: Vec<u8>,
    #[field(8, sint)]
    signed: i32,
    #[field(9, fixed)]
    fixed: u64,
    #[field(10)]
    flag: bool,
    #[field(11)]
    colour: Colour,
    #[field(12)]
    colours: Vec<Colour>,
    #[field(13)]
    shape: Option<Shape>,
    #[field(14)]
    tree: Vec<Everything>,
    #[field(15)]
    by_number: HashMap<u32, Point>,
    #[field(16)]
    point: Point,
    #[field(17)]
    texts: Vec<String>,
    #[field(2047)]
    nothing: (),
}

/// An enum without data.
#[message]
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Colour {
    #[default]
    Red,
    Green,
    Blue,
}

/// A oneof.
#[message]
#[derive(Debug, PartialEq)]
pub(crate) enum Shape {
    #[field(1)]
    Dot,
    #[field(2)]
    Circle(u32),
    #[field(3)]
    Label(String),
    #[field(4)]
    Line(Point),
    #[field(5)]
    Group(Box<Everything>),
}

/// A struct in a struct.
#[message]
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Point {
    #[field(1)]
    x: i32,
    #[field(2)]
    y: i32,
}

/// Numbers that are not equal to themselves; they are compared by their bits.
#[message]
#[derive(Debug)]
pub(crate) struct Floats {
    #[field(1)]
    double: f64,
    #[field(2)]
    float: f32,
    #[field(3)]
    doubles: Vec<f64>,
    #[field(4)]
    maybe: Option<f64>,
}

impl PartialEq for Floats {
    fn eq(&self, other: &Self) -> bool {
        let bits = |floats: &Self| {
            let doubles: Vec<_> = floats.doubles.iter().copied().map(f64::to_bits).collect();
            (floats.double.to_bits(), floats.float.to_bits(), doubles, floats.maybe.map(f64::to_bits))
        };
        bits(self) == bits(other)
    }
}

/// Reads bytes as a message in each format; what could be read is written, and reads as the same again. What could not
/// is the caller's mistake.
pub fn messages(bytes: &[u8]) {
    there_and_back::<Everything>(bytes);
    there_and_back::<Floats>(bytes);
    there_and_back::<Shape>(bytes);
    there_and_back::<micro::Json<serde_json::Value>>(bytes);
}

fn there_and_back<M: Message + std::fmt::Debug + PartialEq>(bytes: &[u8]) {
    for format in micro::formats().iter().filter(|format| M::speaks(*format)) {
        let read = match M::decode(format, bytes.to_vec().into()) {
            Ok(read) => read,
            Err(error) => {
                assert_eq!(error.code(), Code::InvalidArgument, "{format}: {error}");
                // What is said of it is bounded, whatever was sent.
                assert!(error.detail().len() < 1_000, "{format}: {error}");
                continue;
            }
        };
        let written = read.to_bytes(format).expect("what was read can be written");
        match M::decode(format, written) {
            Ok(again) => assert_eq!(again, read, "{format}"),
            // What was not sent is written, and may be a level deeper than all that was.
            Err(error) => assert!(is_too_deep(&error), "{format}: {error}"),
        }
    }
}

fn is_too_deep(error: &Error) -> bool {
    ["recursion limit", "depth limit"].iter().any(|words| error.detail().contains(words))
}
