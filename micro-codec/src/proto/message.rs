//! Messages, and messages in messages.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len, message};

use super::{Buf, BufMut, DecodeContext, DecodeError};

/// A message whose fields have numbers. `#[message]` implements it where there is `#[field(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message in protobuf",
    label = "its fields have no numbers",
    note = "give every field a number: `#[field(1)]`"
)]
pub trait Numbered: Sized + Send + Sync {
    /// Writes the fields, in the order of their numbers.
    fn encode_raw(&self, buf: &mut impl BufMut);

    /// The bytes that [`encode_raw`](Self::encode_raw) writes.
    fn encoded_len(&self) -> usize;

    /// Reads one field into a message, which begins with the first of them. Unknown ones are skipped.
    ///
    /// # Errors
    /// Bytes that are no such field.
    fn merge_field(
        into: &mut Option<Self>,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError>;

    /// The message without any field, if there is such a one.
    fn absent() -> Option<Self>;
}

/// A message that is being read: the form in which prost, which counts the levels, knows it.
#[derive(Debug)]
pub struct Slot<T>(pub Option<T>);

impl<T: Numbered> prost::Message for Slot<T> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        if let Some(message) = &self.0 {
            message.encode_raw(buf);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        T::merge_field(&mut self.0, tag, wire, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.0.as_ref().map_or(0, T::encoded_len)
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}

/// What [`Item`](super::Item) and [`Field`](super::Field) of a [`Numbered`] do.
pub mod nested {
    use super::{
        Buf, BufMut, DecodeContext, DecodeError, Numbered, Slot, WireType, encode_key, encode_varint,
        encoded_len_varint, key_len, message,
    };

    /// One message, with its length before it.
    pub fn encode(value: &impl Numbered, tag: u32, buf: &mut impl BufMut) {
        encode_key(tag, WireType::LengthDelimited, buf);
        encode_varint(value.encoded_len() as u64, buf);
        value.encode_raw(buf);
    }

    /// Its bytes.
    pub fn encoded_len(value: &impl Numbered, tag: u32) -> usize {
        let len = value.encoded_len();
        key_len(tag) + encoded_len_varint(len as u64) + len
    }

    /// One message, merged with what is there.
    ///
    /// # Errors
    /// Bytes that are no such message.
    pub fn merge<T: Numbered>(
        into: &mut Option<T>,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut slot = Slot(into.take().or_else(T::absent));
        let result = message::merge(wire, &mut slot, buf, ctx);
        *into = slot.0;
        result
    }
}

impl Numbered for () {
    fn encode_raw(&self, _: &mut impl BufMut) {}

    fn encoded_len(&self) -> usize {
        0
    }

    fn merge_field(
        _: &mut Option<Self>,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        super::skip_field(wire, tag, buf, ctx)
    }

    fn absent() -> Option<Self> {
        Some(())
    }
}

crate::__numbered!([] () []);
crate::__numbered_field!([] () []);
