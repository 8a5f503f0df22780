#[micro::message]
struct Request {
    #[field(1, sint)]
    count: u32,
    #[field(2, fixed)]
    name: String,
}

fn main() {}
