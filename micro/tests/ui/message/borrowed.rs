#[micro::message]
struct Request<'a> {
    name: &'a str,
}

fn main() {}
