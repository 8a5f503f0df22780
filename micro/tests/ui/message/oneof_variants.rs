#[micro::message]
enum Contact {
    #[field(1)]
    Mail { name: String, host: String },
    #[field(1)]
    Phone(String, u32),
    Pigeon(#[field(3)] String),
}

fn main() {}
