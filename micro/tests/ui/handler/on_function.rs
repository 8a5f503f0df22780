#![allow(unused)]

use micro::handler;

#[handler]
async fn hello(name: String) -> micro::Result<String> {
    Ok(name)
}

fn main() {}
