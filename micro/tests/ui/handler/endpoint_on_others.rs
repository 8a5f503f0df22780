#![allow(unused)]

use micro::{Result, handler};

struct Greeter;

#[handler]
impl Greeter {
    #[endpoint]
    const NAME: &'static str = "Greeter";

    #[endpoint(idempotent)]
    fn hello(&self) -> Result<()> {
        Ok(())
    }
}

fn main() {}
