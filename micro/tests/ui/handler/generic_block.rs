#![allow(unused)]

use micro::{Result, handler};

struct Stored<S>(S);

#[handler]
impl<S: Send + Sync + 'static> Stored<S> {
    async fn load(&self) -> Result<()> {
        Ok(())
    }
}

struct Borrowed<'a>(&'a str);

#[handler]
impl<'a> Borrowed<'a> {
    async fn load(&self) -> Result<()> {
        Ok(())
    }
}

#[handler]
impl dyn Send {
    async fn load(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
