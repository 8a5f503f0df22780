#[micro::message]
struct Address {
    street: String,
}

#[micro::message]
struct Request {
    #[field(1)]
    address: Address,
}

fn main() {}
