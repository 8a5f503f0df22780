//! Entries that do not change any more, and how they are read.

use std::fmt::{self, Debug, Formatter};

use bytes::{Bytes, BytesMut};

use super::pairs::{self, Iter, KeyRef, Pairs};
use super::value::is_sound;
use super::{AsKey, Key};

/// Entries in the form in which the lane sends them: transports write them as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Block(Bytes);

/// Why bytes are no entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// They end within an entry.
    Short,
    /// There are more entries than [`Block::MAX`].
    Many,
    /// The number of a key is not known.
    Number,
    /// A name is not in lower case, or is none.
    Name,
    /// A text is no UTF-8, or has control characters.
    Text,
}

impl Block {
    /// The most entries that are read: each costs its reader more than the bytes that it is made of.
    pub const MAX: usize = 1024;

    /// Reads entries, which keep the bytes.
    ///
    /// # Errors
    /// The first flaw of these bytes.
    pub fn read(bytes: Bytes, names: &mut Names) -> Result<Self, Flaw> {
        let mut has_other_form = false;
        let mut left = Self::MAX;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            left = left.checked_sub(1).ok_or(Flaw::Many)?;
            let (number, name) = pairs::take_key(&mut rest).ok_or(Flaw::Short)?;
            let key = KeyRef::of(number, name).ok_or(Flaw::Number)?;
            if number == 0 {
                let known = names.find(name).ok_or(Flaw::Name)?;
                has_other_form |= KeyRef::from(known).is_number();
            }
            let value = pairs::take_value(&mut rest).ok_or(Flaw::Short)?;
            if !key.is_binary() && !is_sound(value) {
                return Err(Flaw::Text);
            }
        }
        Ok(if has_other_form { Self::with_numbers(&bytes) } else { Self(bytes) })
    }

    /// Entries of which some have the name of a well-known key, which is to be its number.
    fn with_numbers(bytes: &[u8]) -> Self {
        let mut out = BytesMut::with_capacity(bytes.len());
        for (key, value) in Pairs::new(bytes, &[]) {
            match key.to_key() {
                Ok(known) => pairs::put(KeyRef::from(&known), value, &mut out),
                Err(_) => pairs::put(key, value, &mut out),
            }
        }
        Self(out.freeze())
    }

    /// What [`pairs::put`] wrote.
    pub(super) const fn written(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The bytes of the entries.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        Pairs::new(&self.0, &[]).count()
    }
}

impl Debug for Block {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&Iter(Pairs::new(&self.0, &[])), f)
    }
}

/// The names of keys that have come, so that they need not be checked again: those of one call are mostly those of the
/// next one, in the same order.
#[derive(Debug, Default)]
pub struct Names {
    kept: Vec<Key>,
    /// Where the next one is expected.
    next: usize,
}

/// How many names are kept.
const KEPT: usize = 16;

impl Names {
    /// The key of a name; `None` where it is none, or not in lower case.
    fn find(&mut self, name: &[u8]) -> Option<&Key> {
        let is_it = |key: &Key| key.as_bytes() == name;
        let at = if self.kept.get(self.next).is_some_and(is_it) {
            self.next
        } else if let Some(at) = self.kept.iter().position(is_it) {
            at
        } else {
            self.learn(name)?
        };
        self.next = if at + 1 < self.kept.len() { at + 1 } else { 0 };
        self.kept.get(at)
    }

    fn learn(&mut self, name: &[u8]) -> Option<usize> {
        let key = Key::new(std::str::from_utf8(name).ok()?).ok()?;
        if name.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        // Names that are made anew for each call only pass through the last place.
        self.kept.truncate(KEPT - 1);
        self.kept.push(key);
        Some(self.kept.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metadata, key};

    fn read(bytes: &[u8]) -> Result<Metadata, Flaw> {
        let block = Block::read(Bytes::copy_from_slice(bytes), &mut Names::default())?;
        Ok(Metadata::of(None, Some(block)))
    }

    fn named(name: &str) -> Vec<u8> {
        [&[0, 0, name.len() as u8], name.as_bytes(), &[0, 0, 0, 1, b'7']].concat()
    }

    #[test]
    fn a_well_known_key_may_come_by_its_name() {
        let metadata = read(&[named("tenant"), named("micro-id"), named("a-bin")].concat()).unwrap();
        assert_eq!(metadata.get(key::MICRO_ID), Some("7"));
        let mut made = Metadata::new();
        made.insert("tenant", "7").unwrap();
        made.insert(key::MICRO_ID, "7").unwrap();
        made.insert("a-bin", vec![b'7']).unwrap();
        assert_eq!(metadata, made);
        assert_eq!(metadata.own(), made.own());
    }

    #[test]
    fn names_are_checked_however_many_have_come() {
        let mut names = Names::default();
        for round in 0..3 {
            for number in 0..2 * KEPT {
                let name = format!("name-{number}");
                assert_eq!(names.find(name.as_bytes()).unwrap().as_str(), name, "{round}");
                assert_eq!(names.find(name.to_uppercase().as_bytes()), None);
            }
            assert_eq!(names.kept.len(), KEPT);
        }
        for bad in [&b""[..], b"\xff", b"a b"] {
            assert_eq!(names.find(bad), None);
        }
    }

    #[test]
    fn nothing_of_it_is_logged_that_is_secret() {
        let mut metadata = Metadata::new();
        metadata.insert("Authorization", "Bearer secret").unwrap();
        metadata.insert("tenant", "acme").unwrap();
        let shown = format!("{:?} {:?}", metadata.own(), metadata.clone().with_base());
        assert!(shown.contains("acme") && !shown.contains("secret"), "{shown}");
    }
}
