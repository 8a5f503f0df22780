#![allow(unused)]

use micro::{Context, Receiver, Result, Sender, handler};

struct Chat;

#[handler]
impl Chat {
    async fn two_requests(&self, from: String, to: String) -> Result<()> {
        Ok(())
    }

    async fn context_last(&self, name: String, ctx: &Context) -> Result<()> {
        Ok(())
    }

    async fn sender_first(&self, sender: Sender<String>, name: String) -> Result<()> {
        Ok(())
    }

    async fn both(&self, name: String, receiver: Receiver<String>) -> Result<()> {
        Ok(())
    }

    async fn two_senders(&self, a: Sender<String>, b: Sender<String>) -> Result<()> {
        Ok(())
    }

    async fn two_receivers(&self, a: Receiver<String>, b: Receiver<String>) -> Result<()> {
        Ok(())
    }

    async fn two_contexts(&self, a: &Context, b: &Context) -> Result<()> {
        Ok(())
    }
}

fn main() {}
