//! A message for hostile input: with a field of every kind that reserves memory.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use micro_macros::message;

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Tree {
    #[field(1)]
    pub(crate) name: String,
    #[field(2)]
    pub(crate) number: u32,
    #[field(3)]
    pub(crate) children: Vec<Tree>,
    #[field(4)]
    pub(crate) color: Color,
    #[field(5)]
    pub(crate) bytes: Bytes,
    #[field(6)]
    pub(crate) table: BTreeMap<String, u32>,
    #[field(7)]
    pub(crate) octets: Vec<u8>,
    #[field(8)]
    pub(crate) numbers: Vec<u64>,
    #[field(9)]
    pub(crate) floats: Vec<f64>,
    #[field(10)]
    pub(crate) colors: Vec<Color>,
    #[field(11)]
    pub(crate) by_number: HashMap<u32, Tree>,
    #[field(12)]
    pub(crate) names: Vec<String>,
    #[field(13)]
    pub(crate) boxed: Option<Box<Tree>>,
    #[field(14)]
    pub(crate) shape: Option<Shape>,
}

/// The names of the fields, in the order of their numbers.
pub(crate) const FIELDS: [&str; 14] = [
    "name",
    "number",
    "children",
    "color",
    "bytes",
    "table",
    "octets",
    "numbers",
    "floats",
    "colors",
    "by_number",
    "names",
    "boxed",
    "shape",
];

#[message(crate = "micro_codec")]
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(crate) enum Color {
    #[default]
    Red,
    Blue = 5,
}

#[message(crate = "micro_codec")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    #[field(1)]
    Dot,
    #[field(2)]
    Text(String),
    #[field(3)]
    Inside(Box<Tree>),
}
