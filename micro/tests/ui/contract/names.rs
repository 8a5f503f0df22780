#![allow(unused)]

use micro::{Result, handler};

#[handler]
trait Things {
    async fn new(&self) -> Result<()>;

    async fn with(&self, name: String) -> Result<()>;

    async fn get(&self) -> Result<()>;

    #[endpoint(name = "Get")]
    async fn load(&self) -> Result<()>;
}

fn main() {}
