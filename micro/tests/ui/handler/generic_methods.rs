#![allow(unused)]

use micro::{Message, Result, handler};

struct Echo;

#[handler]
impl Echo {
    async fn parameter<T: Message>(&self, request: T) -> Result<T> {
        Ok(request)
    }

    async fn opaque(&self, request: impl Message) -> Result<()> {
        Ok(())
    }

    async fn clause(&self) -> Result<()>
    where
        String: Message,
    {
        Ok(())
    }

    async unsafe fn dangerous(&self) -> Result<()> {
        Ok(())
    }

    async extern "C" fn foreign(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
