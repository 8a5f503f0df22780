//! What is a message, with names of its own for everything that the macro could mix up.

#![deny(warnings)]
#![allow(dead_code)]

use std::collections::HashMap;

type Result = u8;

#[micro::message]
pub struct Empty {}

#[micro::message]
pub struct Id(u64);

#[micro::message]
#[derive(Debug, Default)]
pub struct Page<T> {
    #[field(2)]
    pub items: Vec<T>,
    #[field(1)]
    pub total: u64,
}

#[micro::message]
pub struct Plain<T> {
    pub item: T,
    pub buf: Option<u64>,
}

#[micro::message]
pub struct Names {
    #[field(1)]
    pub buf: String,
    #[field(2)]
    pub ctx: String,
    #[field(3)]
    pub tag: String,
    #[field(4)]
    pub into: String,
    #[field(5)]
    pub wire: String,
    #[field(6)]
    pub message: String,
    #[field(7)]
    pub error: String,
    #[field(8)]
    pub r#match: HashMap<String, u64>,
}

#[micro::message]
pub enum Event {
    Started,
    Moved { x: i64, y: i64 },
    Said(String, u32),
}

#[micro::message]
#[derive(micro::private::serde::Serialize)]
#[serde(crate = "micro::private::serde", rename_all = "camelCase")]
pub struct Half {
    #[field(1)]
    pub first_name: String,
    #[field(2)]
    #[serde(default, rename = "last")]
    pub last_name: String,
}

fn travel<T: micro::Message>() {}

fn main() {
    travel::<Empty>();
    travel::<Id>();
    travel::<Page<String>>();
    travel::<Page<Names>>();
    travel::<Plain<u32>>();
    travel::<Names>();
    travel::<Event>();
    travel::<Half>();
}
