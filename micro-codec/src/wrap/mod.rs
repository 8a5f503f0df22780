//! Wrappers that make messages of other people's types.

mod json;
#[cfg(feature = "protobuf")]
mod proto;

pub use self::json::Json;
#[cfg(feature = "protobuf")]
pub use self::proto::Proto;
