#![allow(unused)]

use micro::handler;

struct Empty;

#[handler]
impl Empty {
    const LIMIT: u32 = 3;

    fn helper(&self) {}

    #[endpoint(skip)]
    async fn other(&self) {}
}

fn main() {}
