#![allow(unused)]

use std::sync::Arc;

use micro::{App, Formats, Router};

struct Greeter;

fn main() {
    let mut router = Router::new(Arc::new(App::new("greeter", Formats::new())));
    router.handle(Greeter).unwrap();
}
