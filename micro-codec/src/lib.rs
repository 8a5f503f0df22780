//! The codecs of `micro`: JSON, protobuf, MessagePack and raw bytes.
//!
//! A service answers in each of them that its messages allow, chosen by the content type of the request. The trait is
//! [`Codec`](micro_core::codec::Codec) of `micro-core`; each codec here is a [`Format`](micro_core::Format) that a
//! feature of its name switches on:
//!
//! | format | content type | what it holds |
//! |---|---|---|
//! | [`JSON`] | `application/json` | any message |
//! | [`PROTOBUF`] | `application/protobuf` | messages whose fields have numbers, and those of prost |
//! | [`MSGPACK`] | `application/msgpack` | any message, with the names of its fields |
//! | [`RAW`] | `application/octet-stream` | bytes and text as they are |
//!
//! [`formats`] is all of them. A codec of your own is a [`Format::foreign`](micro_core::Format::foreign); the module
//! `conformance` (feature of that name) tests whether it keeps the laws.
//!
//! Types of other crates become messages in a wrapper: [`Json`] for those of serde, [`Proto`] for those of prost.

mod absent;
#[cfg(feature = "conformance")]
pub mod conformance;
mod formats;
#[cfg(feature = "json")]
mod json;
#[cfg(any(feature = "json", feature = "protobuf", feature = "msgpack"))]
mod malformed;
pub mod message;
#[cfg(feature = "msgpack")]
mod msgpack;
mod number;
#[doc(hidden)]
pub mod private;
#[cfg(feature = "protobuf")]
pub mod proto;
#[cfg(feature = "protobuf")]
mod protobuf;
mod raw;
pub mod tolerant;
mod wrap;

pub use self::absent::{Absent, absent};
pub use self::formats::formats;
#[cfg(feature = "json")]
pub use self::json::JSON;
#[cfg(feature = "msgpack")]
pub use self::msgpack::MSGPACK;
#[cfg(feature = "protobuf")]
pub use self::protobuf::PROTOBUF;
pub use self::raw::RAW;
pub use self::wrap::Json;
#[cfg(feature = "protobuf")]
pub use self::wrap::Proto;

/// Keeps what `#[message]` emits for protobuf where the feature is on.
#[cfg(feature = "protobuf")]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_protobuf {
    ($($code:tt)*) => { $($code)* };
}

/// Drops what `#[message]` emits for protobuf where the feature is off.
#[cfg(not(feature = "protobuf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __when_protobuf {
    ($($code:tt)*) => {};
}
#[doc(hidden)]
pub use __when_protobuf as when_protobuf;
