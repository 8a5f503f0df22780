#![allow(unused)]

use micro::{Result, handler};

struct Urls;

#[handler(nme = "Url", name = Url, service = "urls")]
impl Urls {
    #[endpoint(nam = "Get", idempotent = true)]
    async fn get(&self) -> Result<()> {
        Ok(())
    }

    #[endpoint(name = "a.b", spawn, spawn)]
    async fn dotted(&self) -> Result<()> {
        Ok(())
    }

    #[endpoint = "Other"]
    async fn other(&self) -> Result<()> {
        Ok(())
    }

    #[endpoint(name = "")]
    async fn empty(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
