#[micro::message]
struct Request {
    #[field(1)]
    name: String,
    age: u32,
    city: String,
}

fn main() {}
