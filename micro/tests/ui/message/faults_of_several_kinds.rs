#[micro::message(json)]
struct Request {
    #[field(19000)]
    name: String,
    #[field]
    age: u32,
    city: String,
}

fn travel<T: micro::Message>() {}

fn main() {
    // Still a message: what is wrong with the numbers is said once.
    travel::<Request>();
}
