#![allow(unused)]

use micro::{Context, Result, Sender, handler};

#[handler]
trait Greeter {
    async fn text(&self, name: &str) -> Result<String>;

    async fn exclusive(&mut self) -> Result<()>;

    async fn late(&self, name: String, ctx: &Context) -> Result<()>;

    async fn plain(&self) -> String;

    async fn both(&self, sender: Sender<String>) -> Result<String>;

    async fn itself(&self) -> Result<Self>
    where
        Self: Sized;

    async fn made_of(&self, all: Vec<Self>) -> Result<()>;

    #[endpoint(idempotent)]
    fn not_async(&self) -> Result<()>;
}

fn main() {}
