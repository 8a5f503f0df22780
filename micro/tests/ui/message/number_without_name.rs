#[micro::message]
struct Id(#[field(1)] String);

fn main() {}
