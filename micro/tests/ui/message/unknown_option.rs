#[micro::message(json, name = "Request")]
struct Request {
    name: String,
}

fn main() {}
