#![allow(unused)]

use micro::handler;

#[handler]
struct Greeter;

fn main() {}
