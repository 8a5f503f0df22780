#![allow(unused)]

use micro::handler;

#[handler(name = "Kind")]
enum Kind {
    A,
}

#[handler]
mod greeter {}

fn main() {}
