//! What is generated passes the strictest lints.
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms, missing_debug_implementations)]

use micro::{Context, Receiver, Result, Sender, handler};

/// Greets.
#[derive(Debug)]
pub struct Greeter;

#[handler]
impl Greeter {
    async fn hello(&self, _ctx: &Context, name: String) -> Result<String> {
        Ok(name)
    }

    #[deprecated]
    async fn old(&self) -> Result<()> {
        Ok(())
    }

    async fn chat(&self, mut receiver: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        while let Some(name) = receiver.next().await? {
            sender.send(name).await?;
        }
        Ok(())
    }
}

fn main() {}
