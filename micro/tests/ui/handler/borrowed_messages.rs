#![allow(unused)]

use std::borrow::Cow;

use micro::{Receiver, Result, Sender, handler};

struct Greeter;

#[handler]
impl Greeter {
    async fn text(&self, name: &str) -> Result<String> {
        Ok(name.to_owned())
    }

    async fn bytes(&self, data: &[u8]) -> Result<Option<&str>> {
        Ok(None)
    }

    async fn inside(&self, name: Cow<'_, str>, sender: Sender<&'static str>) -> Result<()> {
        Ok(())
    }

    async fn stream(&self, receiver: Receiver<Vec<&u8>>) -> Result<()> {
        Ok(())
    }
}

fn main() {}
