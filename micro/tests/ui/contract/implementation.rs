#![allow(unused)]

use std::rc::Rc;

use micro::{Result, handler};

#[handler]
trait Greeter {
    async fn hello(&self, name: String) -> Result<String>;
}

struct NotSend;

impl Greeter for NotSend {
    async fn hello(&self, name: String) -> Result<String> {
        let shared = Rc::new(name);
        later().await;
        Ok(shared.to_string())
    }
}

struct NotShared(Rc<u8>);

impl Greeter for NotShared {
    async fn hello(&self, name: String) -> Result<String> {
        Ok(name)
    }
}

async fn later() {}

fn is_handler(_: impl micro::Handler) {}

struct Missing;

fn main() {
    is_handler(NotSend);
    is_handler(greeter(Missing));
}
