#![allow(unused)]

use micro::{Result, handler};

struct Urls;

#[handler]
impl Urls {
    async fn get_url(&self) -> Result<()> {
        Ok(())
    }

    async fn getUrl(&self) -> Result<()> {
        Ok(())
    }

    #[endpoint(name = "GetUrl")]
    async fn third(&self) -> Result<()> {
        Ok(())
    }

    async fn größe(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
