#![allow(unused)]

use std::sync::Arc;

use micro::{Result, handler};

struct Counter(u32);

#[handler]
impl Counter {
    async fn exclusive(&mut self) -> Result<()> {
        self.0 += 1;
        Ok(())
    }

    async fn owned(self) -> Result<()> {
        Ok(())
    }

    async fn shared(self: Arc<Self>) -> Result<()> {
        Ok(())
    }

    async fn without(name: String) -> Result<String> {
        Ok(name)
    }
}

fn main() {}
