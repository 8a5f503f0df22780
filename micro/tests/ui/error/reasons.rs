#![allow(unused)]

#[derive(Debug, micro::Error)]
#[error(code = internal)]
enum UserError {
    Missing,
    #[error(reason = "MISSING")]
    Gone,
    Fields { a_b: u8, aB: u8, a_B: u8 },
}

fn main() {}
