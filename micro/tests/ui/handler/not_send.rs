#![allow(unused)]

use std::rc::Rc;

use micro::{Result, handler};

struct Greeter;

#[handler]
impl Greeter {
    async fn hello(&self, name: String) -> Result<String> {
        let shared = Rc::new(name);
        later().await;
        Ok(shared.to_string())
    }
}

async fn later() {}

fn main() {}
