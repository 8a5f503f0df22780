use std::collections::HashMap;
use std::time::Duration;

#[micro::message]
struct Request {
    #[field(1)]
    small: u8,
    #[field(2)]
    nested: Vec<Vec<String>>,
    #[field(3)]
    timeout: Duration,
    #[field(4)]
    scores: HashMap<String, Option<u32>>,
}

fn main() {}
