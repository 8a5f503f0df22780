#![allow(unused)]

use std::fmt;

use micro::{Result, Sender, handler};

struct Greeter;

#[handler]
impl Greeter {
    async fn nothing(&self) {}

    async fn plain(&self) -> String {
        String::new()
    }

    async fn option(&self) -> Option<String> {
        None
    }

    async fn unsaid(&self) -> fmt::Result {
        Ok(())
    }

    async fn opaque(&self) -> Result<impl Sized> {
        Ok(())
    }

    async fn both(&self, sender: Sender<String>) -> Result<String> {
        Ok(String::new())
    }

    async fn neither(&self, sender: Sender<String>) {}
}

fn main() {}
