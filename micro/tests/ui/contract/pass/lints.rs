//! What is generated passes the strictest lints.
#![deny(warnings, missing_docs, unreachable_pub, unused, rust_2018_idioms, missing_debug_implementations)]

use micro::{Context, Receiver, Result, Sender, handler};

/// Greets.
#[handler(service = "greeter")]
pub trait Greeter {
    /// Greets one.
    async fn hello(&self, ctx: &Context, name: String) -> Result<String>;
    /// Greets again.
    async fn again(&self, name: String) -> Result<String> {
        Ok(name)
    }
    /// Counts.
    async fn count(&self, sender: Sender<String>) -> Result<()>;
    /// Reads.
    async fn read(&self, receiver: Receiver<String>) -> Result<()>;
}

/// For nobody else.
#[handler]
trait Private {
    async fn hello(&self) -> Result<()>;
}

fn main() {}
