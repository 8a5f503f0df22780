#[micro::message]
union Request {
    small: u32,
    large: u64,
}

fn main() {}
