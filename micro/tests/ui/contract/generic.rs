#![allow(unused)]

use micro::{Result, handler};

#[handler]
trait Store<T>
where
    T: Send,
{
    type Key;

    async fn load(&self, key: String) -> Result<String>;

    async fn any<Q>(&self, request: Q) -> Result<()>;
}

#[handler]
unsafe trait Risky {
    async fn run(&self) -> Result<()>;
}

fn main() {}
