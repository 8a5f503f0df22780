//! Protobuf for plain Rust types: what `#[message]` with `#[field(N)]` emits calls of.
//!
//! A struct is a message, its fields are as proto3 has them:
//!
//! | Rust | protobuf |
//! |---|---|
//! | `bool i32 i64 u32 u64 f32 f64` | `bool int32 int64 uint32 uint64 float double`; with `#[field(N, sint)]` `sint32 sint64`, with `#[field(N, fixed)]` `fixed32 fixed64 sfixed32 sfixed64` |
//! | `String`, `Vec<u8>` and `Bytes` | `string`, `bytes` |
//! | a struct | a message, always written; `Option` of it may be absent |
//! | an enum without data | an enum |
//! | an enum with data | a message with one `oneof` of all its variants |
//! | `()` | an empty message |
//! | `Option<T>` | `optional` |
//! | `Vec<T>` | `repeated`: numbers are packed, and read either way |
//! | `HashMap<K, V>`, `BTreeMap<K, V>` | `map`; keys are integers, `bool` or `String` |
//! | `Box<T>` | what `T` is |
//!
//! What has its default value is not written, and a field that is not sent has its default value, see
//! [`Absent`]. Enums are closed: a variant that the reader does not know counts as not sent, so the field
//! is its default, `None`, or without that element. Fields that the reader does not know are skipped.
//!
//! The wire is that of prost; so are the limits: 100 levels of messages, and no room for what did not come.

#[macro_use]
mod emit;
mod container;
pub mod enumeration;
mod map;
mod message;
mod scalar;

pub use prost::DecodeError;
pub use prost::bytes::{Buf, BufMut};
pub use prost::encoding::{DecodeContext, WireType, skip_field};

pub use self::enumeration::Enumeration;
pub use self::map::MapKey;
pub use self::message::{Numbered, Slot, nested};
use crate::Absent;

/// The usual encoding of a type.
#[derive(Clone, Copy, Debug)]
pub enum Plain {}

/// `#[field(N, sint)]`: short for small negative numbers.
#[derive(Clone, Copy, Debug)]
pub enum Sint {}

/// `#[field(N, fixed)]`: four or eight bytes, whatever the number.
#[derive(Clone, Copy, Debug)]
pub enum Fixed {}

/// A type that a field with a number may have, in the encoding `E`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field with a number",
    label = "has no form in protobuf",
    note = "a field can be: bool, i32, i64, u32, u64, f32, f64, String, Vec<u8>, Bytes, a type with `#[message]` and `#[field(..)]`, and Option, Vec, HashMap or BTreeMap of these",
    note = "an enum with data has no value for when it was not sent: write `Option<..>`",
    note = "`sint` is for i32 and i64, `fixed` for i32, i64, u32 and u64"
)]
pub trait Field<E = Plain>: Absent {
    /// Writes the field, unless it has its default value.
    fn encode(&self, tag: u32, buf: &mut impl BufMut);

    /// The bytes that [`encode`](Self::encode) writes.
    fn encoded_len(&self, tag: u32) -> usize;

    /// Reads one occurrence of the field.
    ///
    /// # Errors
    /// Bytes that are no such field.
    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError>;
}

/// One value, in the encoding `E`: what an `Option`, a `Vec`, a map or a variant holds.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be one value of a field with a number",
    label = "has no form in protobuf as an element, a map's value or a variant",
    note = "protobuf has no containers of containers: put `{Self}` into a struct with `#[message]` and `#[field(..)]`",
    note = "`sint` is for i32 and i64, `fixed` for i32, i64, u32 and u64"
)]
pub trait Item<E = Plain>: Sized + Send + Sync {
    /// Writes the value, whatever it is.
    fn encode(&self, tag: u32, buf: &mut impl BufMut);

    /// The bytes that [`encode`](Self::encode) writes.
    fn encoded_len(&self, tag: u32) -> usize;

    /// Reads one occurrence. Messages are merged with what is there, as protobuf says. What is not known leaves `into`
    /// as it is.
    ///
    /// # Errors
    /// Bytes that are no such value.
    fn merge(
        into: &mut Option<Self>,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError>;

    /// The value when none was sent, if there is one.
    fn absent() -> Option<Self>;

    /// Whether this is that value, so that it need not be written.
    fn is_absent(&self) -> bool;

    /// Writes a repeated field.
    fn encode_all(values: &[Self], tag: u32, buf: &mut impl BufMut) {
        for value in values {
            value.encode(tag, buf);
        }
    }

    /// The bytes that [`encode_all`](Self::encode_all) writes.
    fn encoded_len_all(values: &[Self], tag: u32) -> usize {
        values.iter().map(|value| value.encoded_len(tag)).sum()
    }

    /// Reads one occurrence of a repeated field.
    ///
    /// # Errors
    /// Bytes that are no such field.
    fn merge_all(
        values: &mut Vec<Self>,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut value = None;
        Self::merge(&mut value, wire, buf, ctx)?;
        values.extend(value);
        Ok(())
    }
}
