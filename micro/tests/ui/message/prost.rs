#[micro::message]
#[derive(Clone, PartialEq, prost::Message)]
struct Numbered {
    #[field(1)]
    #[prost(string, tag = "1")]
    name: String,
}

#[micro::message]
#[derive(Clone, PartialEq, prost::Message, micro::private::serde::Serialize)]
#[serde(crate = "micro::private::serde")]
struct HalfJson {
    #[prost(string, tag = "1")]
    name: String,
}

#[micro::message]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
enum Color {
    Red = 0,
}

fn main() {}
