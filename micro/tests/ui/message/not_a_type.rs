#[micro::message]
fn request() {}

fn main() {}
