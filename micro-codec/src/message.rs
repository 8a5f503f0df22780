//! What `#[message]` calls: one function for each kind of message and direction.
//!
//! Built-in formats are called directly, so that a message is written by code made for its type; foreign codecs get it
//! as a [`Value`] and a [`Place`].

use bytes::{Bytes, BytesMut};
use micro_core::format::Kind;
use micro_core::{Error, Format, Message, Place, Result, Schema, Value};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(feature = "protobuf")]
pub use crate::proto::Numbered;

/// Stands for the trait of protobuf where that is not compiled in: every type has it.
#[cfg(not(feature = "protobuf"))]
pub trait Numbered {}

#[cfg(not(feature = "protobuf"))]
impl<T> Numbered for T {}

/// The schema of a message that schemars describes.
#[must_use]
pub fn schema<T: JsonSchema + 'static>() -> &'static Schema {
    Schema::of::<T>(|| Schema::new(T::schema_name(), schemars::schema_for!(T).to_value()))
}

/// The schema of a message that nobody describes, under the name of its type.
#[must_use]
pub fn unknown_schema<T: 'static>() -> &'static Schema {
    Schema::of::<T>(|| {
        let path = std::any::type_name::<T>();
        let plain = path.split('<').next().unwrap_or(path);
        Schema::new(plain.rsplit("::").next().unwrap_or(plain), serde_json::Value::Bool(true))
    })
}

/// Whether messages that only serde knows speak a format.
#[must_use]
pub fn serde_speaks(format: Format) -> bool {
    !matches!(format.kind(), Kind::Protobuf | Kind::Raw)
}

/// Whether messages with numbered fields speak a format.
#[must_use]
pub fn all_speaks(format: Format) -> bool {
    format.kind() != Kind::Raw
}

/// Whether messages that only protobuf knows speak a format.
#[must_use]
pub fn proto_speaks(format: Format) -> bool {
    format.kind() == Kind::Protobuf
}

/// Writes a message that only serde knows.
///
/// # Errors
/// As [`Message::encode`].
pub fn encode_serde<T: Message + Serialize>(value: &T, format: Format, out: &mut BytesMut) -> Result<()> {
    match format.kind() {
        #[cfg(feature = "json")]
        Kind::Json => crate::json::write(value, out),
        #[cfg(feature = "msgpack")]
        Kind::MsgPack => crate::msgpack::write(value, out),
        Kind::Protobuf | Kind::Raw => Err(unspoken::<T>(format)),
        _ => format.codec().encode(Value::new(value), out),
    }
}

/// Reads a message that only serde knows.
///
/// # Errors
/// As [`Message::decode`].
pub fn decode_serde<T: Message + DeserializeOwned>(format: Format, bytes: &[u8]) -> Result<T> {
    match format.kind() {
        #[cfg(feature = "json")]
        Kind::Json => crate::json::read(bytes),
        #[cfg(feature = "msgpack")]
        Kind::MsgPack => crate::msgpack::read(bytes),
        Kind::Protobuf | Kind::Raw => Err(unspoken::<T>(format)),
        _ => {
            let mut place = None;
            format.codec().decode(bytes, Place::new(&mut place))?;
            place.ok_or_else(|| {
                Error::internal(format!("codec `{}` did not fill the place of a message", format.name()))
            })
        }
    }
}

/// Writes a message with numbered fields.
///
/// # Errors
/// As [`Message::encode`].
pub fn encode_all<T: Message + Serialize + Numbered>(
    value: &T,
    format: Format,
    out: &mut BytesMut,
) -> Result<()> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => {
            crate::protobuf::write(value, out);
            Ok(())
        }
        _ => encode_serde(value, format, out),
    }
}

/// Reads a message with numbered fields.
///
/// # Errors
/// As [`Message::decode`].
#[cfg_attr(not(feature = "protobuf"), allow(clippy::needless_pass_by_value, reason = "kept by protobuf"))]
pub fn decode_all<T: Message + DeserializeOwned + Numbered>(format: Format, bytes: Bytes) -> Result<T> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => crate::protobuf::read(bytes),
        _ => decode_serde(format, &bytes),
    }
}

/// Reads a small message with numbered fields where it lies among others.
///
/// # Errors
/// As [`Message::decode`].
pub fn decode_all_small<T: Message + DeserializeOwned + Numbered>(format: Format, bytes: &[u8]) -> Result<T> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => crate::protobuf::read_small(bytes),
        _ => decode_serde(format, bytes),
    }
}

/// Writes a message that only protobuf knows.
///
/// # Errors
/// As [`Message::encode`].
pub fn encode_proto<T: Message + Numbered>(value: &T, format: Format, out: &mut BytesMut) -> Result<()> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => {
            crate::protobuf::write(value, out);
            Ok(())
        }
        _ => {
            let _ = (value, out);
            Err(unspoken::<T>(format))
        }
    }
}

/// Reads a message that only protobuf knows.
///
/// # Errors
/// As [`Message::decode`].
#[cfg_attr(not(feature = "protobuf"), allow(clippy::needless_pass_by_value, reason = "kept by protobuf"))]
pub fn decode_proto<T: Message + Numbered>(format: Format, bytes: Bytes) -> Result<T> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => crate::protobuf::read(bytes),
        _ => {
            let _ = &bytes;
            Err(unspoken::<T>(format))
        }
    }
}

/// Reads a small message that only protobuf knows where it lies among others.
///
/// # Errors
/// As [`Message::decode`].
pub fn decode_proto_small<T: Message + Numbered>(format: Format, bytes: &[u8]) -> Result<T> {
    match format.kind() {
        #[cfg(feature = "protobuf")]
        Kind::Protobuf => crate::protobuf::read_small(bytes),
        _ => {
            let _ = bytes;
            Err(unspoken::<T>(format))
        }
    }
}

/// A message that does not speak a format, with those that it speaks.
fn unspoken<T: Message>(format: Format) -> Error {
    let formats = crate::formats();
    let spoken = formats.iter().filter(|format| T::speaks(*format)).map(Format::content_type);
    Error::unsupported_format(format.content_type(), spoken.collect::<Vec<_>>())
}

/// A codec that cannot hold values of serde, with those that can.
pub(crate) fn not_for_values(format: Format) -> Error {
    let formats = crate::formats();
    let spoken = formats.iter().filter(|format| serde_speaks(*format)).map(Format::content_type);
    Error::unsupported_format(format.content_type(), spoken.collect::<Vec<_>>())
}
