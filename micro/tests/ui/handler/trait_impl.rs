#![allow(unused)]

use micro::{Result, handler};

trait Greet {
    async fn hello(&self) -> Result<String>;
}

struct Greeter;

#[handler]
impl Greet for Greeter {
    async fn hello(&self) -> Result<String> {
        Ok(String::new())
    }
}

fn main() {}
