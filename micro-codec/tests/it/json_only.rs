//! Without the feature `protobuf` messages with numbers are messages all the same.

use micro_codec::JSON;
use micro_core::Message;
use micro_macros::message;

#[message(crate = "micro_codec")]
#[derive(Debug, PartialEq)]
struct Request {
    #[field(1)]
    name: String,
    #[field(2)]
    kind: Option<Kind>,
    #[field(3)]
    color: Color,
}

#[message(crate = "micro_codec")]
#[derive(Debug, PartialEq)]
enum Kind {
    #[field(1)]
    Number(u64),
}

#[message(crate = "micro_codec")]
#[derive(Debug, PartialEq)]
enum Color {
    Red,
    Blue,
}

#[test]
fn numbers_need_no_protobuf() {
    let request = Request { name: "a".into(), kind: Some(Kind::Number(1)), color: Color::Blue };
    let bytes = request.to_bytes(JSON).unwrap();
    assert_eq!(Request::decode(JSON, bytes).unwrap(), request);
    let read = Request::decode(JSON, "{\"kind\":{\"number\":\"1\"}}".into()).unwrap();
    assert_eq!(read, Request { name: String::new(), kind: Some(Kind::Number(1)), color: Color::Red });
}
