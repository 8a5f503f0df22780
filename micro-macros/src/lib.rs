//! The attribute and derive macros of `micro`. Use them through `micro`, where they are documented with examples.

mod error;
mod errors;
mod handler;
mod message;
mod names;
mod options;
mod types;

use proc_macro::TokenStream;

/// Makes a message of a struct or an enum: what travels in calls.
///
/// The type gets `serde::Serialize`, `serde::Deserialize` and `schemars::JsonSchema`, as far as it does not derive them
/// itself, and `micro::Message`. It travels in JSON, MessagePack and every codec of your own. Nothing else is derived:
/// add `Clone`, `Debug`, `Default` as you need them.
///
/// # Numbers
///
/// With `#[field(N)]` on every field (or on none) a struct also travels in protobuf, as the message that has these
/// numbers. Numbers are 1 to 536870911 without 19000 to 19999, each is used once, and a number that was in use keeps its
/// meaning for ever. `#[field(N, sint)]` and `#[field(N, fixed)]` are the other encodings of integers. A field that was
/// not sent is zero, empty or `None` in every format; `Default` is not asked, so it may say something else.
///
/// | Rust | protobuf |
/// |---|---|
/// | `bool i32 i64 u32 u64 f32 f64 String` | the scalars of these names |
/// | `Vec<u8>`, `Bytes` | `bytes` |
/// | a struct with numbers, `()` | a message |
/// | an enum without data | an enum, by `#[field(N)]` on every variant or else by Rust's discriminants; one is 0 |
/// | an enum with data and `#[field(N)]` on every variant | a message with one `oneof`; as a field it is an `Option` |
/// | `Option`, `Vec`, `HashMap` and `BTreeMap`, `Box` | `optional`, `repeated`, `map`, what is inside |
///
/// A variant that the reader does not know counts as not sent.
///
/// # JSON
///
/// It is written as serde writes it; `#[serde(..)]` works as always. It is read with tolerance: names in `snake_case` and
/// `lowerCamelCase`, variants also in `SCREAMING_CASE`, 64-bit integers also as strings, unknown fields skipped, and with
/// numbers fields may be absent or `null`.
///
/// # Types of prost
///
/// Above `#[derive(prost::Message)]` it makes a message that travels in protobuf, and where serde is derived too in all
/// the other formats. `#[field(N)]` is not for these: prost has the numbers.
///
/// # Options
///
/// `#[message(crate = "path")]`: where `micro` is, for those who re-export it.
#[proc_macro_attribute]
pub fn message(arguments: TokenStream, item: TokenStream) -> TokenStream {
    message::expand(arguments.into(), item.into()).into()
}

/// Makes endpoints of the async methods of an `impl` block, or a contract of a trait.
#[proc_macro_attribute]
pub fn handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler::expand(arguments.into(), item.into()).into()
}

/// Makes an error type that travels: out of a handler, and into the hands of its caller.
#[proc_macro_derive(Error, attributes(error, source))]
pub fn error(item: TokenStream) -> TokenStream {
    error::expand(item.into()).into()
}
