#![allow(unused)]

#[derive(Debug, micro::Error)]
#[error(code = internal)]
struct Generic<T>(T);

#[derive(Debug, micro::Error)]
#[error(code = internal)]
enum Never {}

#[derive(micro::Error)]
#[error(code = internal)]
union Either {
    a: u8,
    b: i8,
}

#[derive(micro::Error)]
#[error(code = internal)]
struct NoDebug;

fn main() {}
