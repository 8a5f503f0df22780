#[micro::message]
struct Request {
    #[field]
    bare: String,
    #[field()]
    empty: String,
    #[field("1")]
    text: String,
    #[field(4, zigzag)]
    encoding: i32,
    #[field(5)]
    #[field(6)]
    two: i32,
}

fn main() {}
