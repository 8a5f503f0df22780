#[micro::message]
struct Request {
    #[field(1)]
    name: String,
    #[field(2)]
    age: u32,
    #[field(1)]
    city: String,
}

fn main() {}
