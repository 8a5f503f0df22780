#![allow(unused)]

use micro::handler;

#[handler(service = greeter)]
trait Greeter {
    fn name(&self) -> String;
}

fn main() {}
