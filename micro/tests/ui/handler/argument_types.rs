#![allow(unused)]

use micro::{Context, Receiver, Result, Sender, handler};

struct Chat;

#[handler]
impl Chat {
    async fn owned_context(&self, ctx: Context) -> Result<()> {
        Ok(())
    }

    async fn exclusive_context(&self, ctx: &mut Context) -> Result<()> {
        Ok(())
    }

    async fn borrowed_ends(&self, receiver: &Receiver<String>, sender: &mut Sender<String>) -> Result<()> {
        Ok(())
    }

    async fn of_nothing(&self, sender: Sender) -> Result<()> {
        Ok(())
    }
}

fn main() {}
