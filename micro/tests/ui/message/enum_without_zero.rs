#[micro::message]
enum Color {
    #[field(1)]
    Red,
    #[field(2)]
    Blue,
    #[field(4294967296)]
    Green,
}

#[micro::message]
enum Size {
    #[field(1)]
    Small,
    #[field(2)]
    Large,
}

fn main() {}
