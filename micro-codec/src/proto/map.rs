//! Maps: repeated messages of a key, number 1, and a value, number 2.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len, message};

use super::{Buf, BufMut, DecodeContext, DecodeError, Field, Item, skip_field};

/// A key of a map.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a map in protobuf",
    note = "a key can be: bool, i32, i64, u32, u64, String"
)]
pub trait MapKey: Item {}

impl MapKey for bool {}
impl MapKey for i32 {}
impl MapKey for i64 {}
impl MapKey for u32 {}
impl MapKey for u64 {}
impl MapKey for String {}

const KEY: u32 = 1;
const VALUE: u32 = 2;

fn encode<'a, E, K: MapKey + 'a, V: Item<E> + 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    tag: u32,
    buf: &mut impl BufMut,
) {
    for (key, value) in entries {
        encode_key(tag, WireType::LengthDelimited, buf);
        encode_varint(entry_len(key, value) as u64, buf);
        if !key.is_absent() {
            key.encode(KEY, buf);
        }
        if !value.is_absent() {
            value.encode(VALUE, buf);
        }
    }
}

fn encoded_len<'a, E, K: MapKey + 'a, V: Item<E> + 'a>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    tag: u32,
) -> usize {
    let len = |(key, value)| {
        let len = entry_len(key, value);
        key_len(tag) + encoded_len_varint(len as u64) + len
    };
    entries.into_iter().map(len).sum()
}

/// Neither a key nor a value that is the default is written.
fn entry_len<E, K: MapKey, V: Item<E>>(key: &K, value: &V) -> usize {
    let key = if key.is_absent() { 0 } else { key.encoded_len(KEY) };
    let value = if value.is_absent() { 0 } else { value.encoded_len(VALUE) };
    key + value
}

/// An entry that is being read, in the form in which prost, which counts the levels, knows it.
struct Entry<K, V, E> {
    key: Option<K>,
    value: Option<V>,
    /// Whether the value that came is none that is known here: the entry counts as not sent.
    unknown: bool,
    encoding: PhantomData<fn() -> E>,
}

impl<E, K: MapKey, V: Item<E>> Entry<K, V, E> {
    fn read(wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<Option<(K, V)>, DecodeError> {
        let mut entry = Self { key: None, value: None, unknown: false, encoding: PhantomData };
        message::merge(wire, &mut entry, buf, ctx)?;
        if entry.unknown {
            return Ok(None);
        }
        Ok(entry.key.or_else(K::absent).zip(entry.value.or_else(V::absent)))
    }
}

impl<E, K: MapKey, V: Item<E>> prost::Message for Entry<K, V, E> {
    /// Entries are written by [`encode_entry`]; this form is for reading.
    fn encode_raw(&self, _: &mut impl BufMut) {}

    fn encoded_len(&self) -> usize {
        0
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        match tag {
            KEY => K::merge(&mut self.key, wire, buf, ctx),
            VALUE => {
                V::merge(&mut self.value, wire, buf, ctx)?;
                self.unknown = self.value.is_none();
                Ok(())
            }
            _ => skip_field(wire, tag, buf, ctx),
        }
    }

    fn clear(&mut self) {
        self.key = None;
        self.value = None;
    }
}

impl<E, K: MapKey + Eq + Hash, V: Item<E>, S: BuildHasher + Default> Field<E> for HashMap<K, V, S> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        encode(self, tag, buf);
    }

    fn encoded_len(&self, tag: u32) -> usize {
        encoded_len(self, tag)
    }

    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError> {
        self.extend(Entry::<K, V, E>::read(wire, buf, ctx)?);
        Ok(())
    }
}

impl<E, K: MapKey + Ord, V: Item<E>> Field<E> for BTreeMap<K, V> {
    fn encode(&self, tag: u32, buf: &mut impl BufMut) {
        encode(self, tag, buf);
    }

    fn encoded_len(&self, tag: u32) -> usize {
        encoded_len(self, tag)
    }

    fn merge(&mut self, wire: WireType, buf: &mut impl Buf, ctx: DecodeContext) -> Result<(), DecodeError> {
        self.extend(Entry::<K, V, E>::read(wire, buf, ctx)?);
        Ok(())
    }
}
