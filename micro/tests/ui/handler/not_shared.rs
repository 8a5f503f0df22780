#![allow(unused)]

use std::cell::Cell;

use micro::{Result, handler};

struct Counter(Cell<u32>);

#[handler]
impl Counter {
    async fn count(&self) -> Result<()> {
        self.0.set(self.0.get() + 1);
        Ok(())
    }
}

fn main() {}
