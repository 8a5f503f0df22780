//! Numbers, text and bytes.

use bytes::Bytes;
use prost::encoding::{
    bool as boolean, bytes as blob, double, fixed32, fixed64, float, int32, int64, sfixed32, sfixed64,
    sint32, sint64, uint32, uint64,
};

use super::{Buf, BufMut, DecodeContext, DecodeError, Field, Fixed, Item, Plain, Sint, WireType};

/// Texts: those of prost, but read in one go where they lie in one piece.
mod text {
    pub(super) use prost::encoding::string::encoded_len;
    use prost::encoding::{decode_varint, string};

    use super::{Buf, BufMut, DecodeContext, DecodeError, WireType};

    /// The first number whose key is longer than a byte, and the first length that is.
    const LONG: (u32, usize) = (16, 128);

    pub(super) fn encode(tag: u32, value: &String, buf: &mut impl BufMut) {
        if tag < LONG.0 && value.len() < LONG.1 {
            // As most are: what comes before it is two bytes.
            buf.put_slice(&[(tag << 3) as u8 | WireType::LengthDelimited as u8, value.len() as u8]);
            buf.put_slice(value.as_bytes());
        } else {
            string::encode(tag, value, buf);
        }
    }

    pub(super) fn merge(
        wire: WireType,
        value: &mut String,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let piece = buf.chunk();
        let mut rest = piece;
        if wire == WireType::LengthDelimited
            && let Some(length) =
                decode_varint(&mut rest).ok().and_then(|length| usize::try_from(length).ok())
            // Copied first: the copy is aligned, so that what is UTF-8 is seen a word at a time.
            && let Some(Ok(text)) = rest.get(..length).map(|text| String::from_utf8(text.to_vec()))
        {
            *value = text;
            let read = piece.len() - rest.len() + length;
            buf.advance(read);
            return Ok(());
        }
        // In pieces, or wrong.
        string::merge(wire, value, buf, ctx)
    }
}

/// A type whose values are written whole, with what is of repeated ones.
macro_rules! scalars {
    ($($type:ty, $encoding:ty, $module:ident, $is_absent:expr $(, $packed:ident)?;)*) => {$(
        impl Item<$encoding> for $type {
            fn encode(&self, tag: u32, buf: &mut impl BufMut) {
                $module::encode(tag, self, buf);
            }

            fn encoded_len(&self, tag: u32) -> usize {
                $module::encoded_len(tag, self)
            }

            fn merge(
                into: &mut Option<Self>,
                wire: WireType,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError> {
                $module::merge(wire, into.insert(Self::default()), buf, ctx)
            }

            fn absent() -> Option<Self> {
                Some(Self::default())
            }

            fn is_absent(&self) -> bool {
                let is_absent: fn(&Self) -> bool = $is_absent;
                is_absent(self)
            }

            $(scalars!($packed $module);)?
        }

        impl Field<$encoding> for $type {
            fn encode(&self, tag: u32, buf: &mut impl BufMut) {
                if !Item::<$encoding>::is_absent(self) {
                    $module::encode(tag, self, buf);
                }
            }

            fn encoded_len(&self, tag: u32) -> usize {
                if Item::<$encoding>::is_absent(self) { 0 } else { $module::encoded_len(tag, self) }
            }

            fn merge(
                &mut self,
                wire: WireType,
                buf: &mut impl Buf,
                ctx: DecodeContext,
            ) -> Result<(), DecodeError> {
                $module::merge(wire, self, buf, ctx)
            }
        }
    )*};
    (packed $module:ident) => {
        fn encode_all(values: &[Self], tag: u32, buf: &mut impl BufMut) {
            $module::encode_packed(tag, values, buf);
        }

        fn encoded_len_all(values: &[Self], tag: u32) -> usize {
            $module::encoded_len_packed(tag, values)
        }

        fn merge_all(
            values: &mut Vec<Self>,
            wire: WireType,
            buf: &mut impl Buf,
            ctx: DecodeContext,
        ) -> Result<(), DecodeError> {
            $module::merge_repeated(wire, values, buf, ctx)
        }
    };
}

scalars! {
    bool, Plain, boolean, |value| !*value, packed;
    i32, Plain, int32, |value| *value == 0, packed;
    i64, Plain, int64, |value| *value == 0, packed;
    u32, Plain, uint32, |value| *value == 0, packed;
    u64, Plain, uint64, |value| *value == 0, packed;
    f32, Plain, float, |value| value.to_bits() == 0, packed;
    f64, Plain, double, |value| value.to_bits() == 0, packed;
    i32, Sint, sint32, |value| *value == 0, packed;
    i64, Sint, sint64, |value| *value == 0, packed;
    i32, Fixed, sfixed32, |value| *value == 0, packed;
    i64, Fixed, sfixed64, |value| *value == 0, packed;
    u32, Fixed, fixed32, |value| *value == 0, packed;
    u64, Fixed, fixed64, |value| *value == 0, packed;
    String, Plain, text, |value| value.is_empty();
    Vec<u8>, Plain, blob, |value| value.is_empty();
    Bytes, Plain, blob, |value| value.is_empty();
}
