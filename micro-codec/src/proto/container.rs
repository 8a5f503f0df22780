//! `Option`, `Vec` and `Box`.

use super::{Buf, BufMut, DecodeContext, DecodeError, Field, Item, WireType};

impl<E, T: Item<E>> Field<E> for Option<T> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        if let Some(value) = self {
            value.encode(tag, buf);
        }
    }

    fn encoded_len(&self, tag: u32) -> usize {
        self.as_ref().map_or(0, |value| value.encoded_len(tag))
    }

    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError> {
        T::merge(self, wire, buf, ctx)
    }
}

impl<E, T: Item<E>> Field<E> for Vec<T> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        T::encode_all(self, tag, buf);
    }

    fn encoded_len(&self, tag: u32) -> usize {
        T::encoded_len_all(self, tag)
    }

    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError> {
        T::merge_all(self, wire, buf, ctx)
    }
}

impl<E, T: Item<E>> Item<E> for Box<T> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        T::encode(self, tag, buf);
    }

    fn encoded_len(&self, tag: u32) -> usize {
        T::encoded_len(self, tag)
    }

    fn merge(
        into: &mut Option<Self>,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut value = into.take().map(|value| *value);
        let result = T::merge(&mut value, wire, buf, ctx);
        *into = value.map(Self::new);
        result
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }

    fn is_absent(&self) -> bool {
        T::is_absent(self)
    }
}

impl<E, T: Field<E>> Field<E> for Box<T> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        T::encode(self, tag, buf);
    }

    fn encoded_len(&self, tag: u32) -> usize {
        T::encoded_len(self, tag)
    }

    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError> {
        T::merge(self, wire, buf, ctx)
    }
}
