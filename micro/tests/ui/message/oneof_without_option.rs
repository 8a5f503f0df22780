#[micro::message]
enum Contact {
    #[field(1)]
    Mail(String),
    #[field(2)]
    Phone(String),
}

#[micro::message]
struct Request {
    #[field(1)]
    contact: Contact,
}

fn main() {}
