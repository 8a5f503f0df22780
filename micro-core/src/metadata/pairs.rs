//! Entries as bytes: one behind the other, as the lane has them on its wire (docs/lane.md, "Metadata").
//!
//! A well-known key is its number, every other one 0 and its name; then comes the value. Whatever makes a [`Block`]
//! sees to it that there is one form for each entry, so that keys are compared as they lie there.
//!
//! [`Block`]: super::Block

use std::fmt::{self, Debug, Display, Formatter};

use bytes::BytesMut;

use super::{AsKey, Key, Value};
use crate::Result;

/// The keys that have a number here. Those that come later need a word of the lane's peer that it knows them.
const NUMBERED: u8 = 10;

/// The key of an entry where it lies: see [`Key`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyRef<'a> {
    /// That of a well-known key, or 0.
    number: u8,
    /// Nothing for a well-known key.
    name: &'a [u8],
}

/// The value of an entry where it lies: see [`Value`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ValueRef<'a> {
    binary: bool,
    bytes: &'a [u8],
}

impl<'a> KeyRef<'a> {
    /// The key of a number, if there is one, or of a name.
    pub(super) fn of(number: u8, name: &'a [u8]) -> Option<Self> {
        (number <= NUMBERED).then_some(Self { number, name })
    }

    /// Whether it is a number, and not a name.
    pub(super) const fn is_number(self) -> bool {
        self.number != 0
    }

    /// The name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        // All letters of a key are ASCII.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The bytes of the name, which is quicker than its text.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        Key::known(self.number).map_or(self.name, str::as_bytes)
    }

    /// Whether the values of this key are bytes rather than text.
    #[inline]
    #[must_use]
    pub fn is_binary(self) -> bool {
        // No well-known one is.
        self.name.ends_with(b"-bin")
    }
}

impl<'a> ValueRef<'a> {
    /// The text; `None` for bytes.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        if self.binary { None } else { std::str::from_utf8(self.bytes).ok() }
    }

    /// The bytes, or those of the text.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Whether this is bytes rather than text.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        self.binary
    }
}

/// Entries that lie in two places, in their order.
#[derive(Clone, Copy)]
pub(super) struct Pairs<'a> {
    rest: &'a [u8],
    then: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub(super) const fn new(first: &'a [u8], then: &'a [u8]) -> Self {
        Self { rest: first, then }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (KeyRef<'a>, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            self.rest = std::mem::take(&mut self.then);
        }
        let (number, name) = take_key(&mut self.rest)?;
        let value = take_value(&mut self.rest)?;
        Some((KeyRef { number, name }, value))
    }
}

/// An entry that was asked for.
pub(super) type Found<'a> = (KeyRef<'a>, &'a [u8]);

/// The first entry of a block whose key is the one.
#[inline]
pub(super) fn find<'a>(mut bytes: &'a [u8], is_it: impl Fn(KeyRef<'a>) -> bool) -> Option<Found<'a>> {
    while !bytes.is_empty() {
        let (number, name) = take_key(&mut bytes)?;
        let value = take_value(&mut bytes)?;
        let key = KeyRef { number, name };
        if is_it(key) {
            return Some((key, value));
        }
    }
    None
}

/// The number and the name that come next; `None`: they are not all there.
#[inline]
pub(super) fn take_key<'a>(bytes: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (number, rest) = bytes.split_first()?;
    if *number != 0 {
        *bytes = rest;
        return Some((*number, &[]));
    }
    let (length, rest) = rest.split_first_chunk()?;
    let (name, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    *bytes = rest;
    Some((0, name))
}

/// The value that comes next; `None`: it is not all there.
#[inline]
pub(super) fn take_value<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(value)
}

/// Writes an entry, whose value is not longer than [`MAX_VALUE`].
pub(super) fn put(key: KeyRef<'_>, value: &[u8], out: &mut BytesMut) {
    let [a, b, c, d] = (value.len() as u32).to_be_bytes();
    if key.number == 0 {
        // No name is longer than `Key::MAX`.
        let [high, low] = (key.name.len() as u16).to_be_bytes();
        out.extend_from_slice(&[0, high, low]);
        out.extend_from_slice(key.name);
        out.extend_from_slice(&[a, b, c, d]);
    } else {
        out.extend_from_slice(&[key.number, a, b, c, d]);
    }
    out.extend_from_slice(value);
}

/// The longest value.
pub(super) const MAX_VALUE: usize = u32::MAX as usize;

/// The entries of a [`Metadata`](super::Metadata), in their order.
#[derive(Clone)]
pub struct Iter<'a>(pub(super) Pairs<'a>);

// === impl Iter ===

impl<'a> Iterator for Iter<'a> {
    type Item = (KeyRef<'a>, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, bytes) = self.0.next()?;
        Some((key, ValueRef { binary: key.is_binary(), bytes }))
    }
}

impl Debug for Iter<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, value) in self.clone() {
            // Credentials do not belong into logs.
            if key == KeyRef::from(&super::key::AUTHORIZATION) {
                map.entry(&key, &"(hidden)");
            } else {
                map.entry(&key, &value);
            }
        }
        map.finish()
    }
}

// === impl KeyRef, ValueRef ===

impl<'a> From<&'a Key> for KeyRef<'a> {
    #[inline]
    fn from(key: &'a Key) -> Self {
        match key.number() {
            Some(number) if number <= NUMBERED => Self { number, name: &[] },
            _ => Self { number: 0, name: key.as_bytes() },
        }
    }
}

impl AsKey for KeyRef<'_> {
    fn names(&self, key: KeyRef<'_>) -> bool {
        *self == key
    }

    fn to_key(&self) -> Result<Key> {
        match Key::of_number(self.number) {
            Some(key) => Ok(key),
            None => Key::new(self.as_str()),
        }
    }
}

impl PartialEq<Key> for KeyRef<'_> {
    fn eq(&self, key: &Key) -> bool {
        *self == KeyRef::from(key)
    }
}

impl Debug for KeyRef<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.as_str(), f)
    }
}

impl Display for KeyRef<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => Debug::fmt(text, f),
            None => write!(f, "b\"{}\"", self.bytes.escape_ascii()),
        }
    }
}

impl From<ValueRef<'_>> for Value {
    fn from(value: ValueRef<'_>) -> Self {
        match value.as_str() {
            Some(text) => text.into(),
            None => value.bytes.to_vec().into(),
        }
    }
}
