#[micro::message]
struct Request {
    #[field(0)]
    zero: u32,
    #[field(-1)]
    negative: u32,
    #[field(536870912)]
    large: u32,
    #[field(19500)]
    reserved: u32,
}

fn main() {}
