//! The codecs and `#[message]`, together.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod allocations;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod bencode;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack", feature = "conformance"))]
mod conformance;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod errors;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod floats;
#[cfg(feature = "json")]
mod json_only;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod message;
#[cfg(feature = "json")]
mod objects;
#[cfg(feature = "json")]
mod reading;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod tree;
#[cfg(all(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod twins;
