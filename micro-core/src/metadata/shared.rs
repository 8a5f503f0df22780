//! Entries that many calls share.

use std::fmt::{self, Debug, Formatter};
use std::ops::Range;
use std::sync::OnceLock;

use super::pairs::Pairs;
use super::{AsKey, Block, Key};

/// Entries that many calls share: what is looked up in them with each call is taken apart once.
pub struct Shared {
    block: Block,
    /// Made when somebody looks for something.
    index: OnceLock<Index>,
}

/// The entries of a block, one by one.
struct Index {
    places: Box<[(Key, Range<usize>)]>,
    /// All texts, one behind the other: a part of it needs no check.
    texts: Box<str>,
}

impl Shared {
    /// The entries of a block, for more than one call.
    #[must_use]
    pub const fn new(block: Block) -> Self {
        Self { block, index: OnceLock::new() }
    }

    /// The bytes of the entries.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.block.as_bytes()
    }

    /// How many entries there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.block.count()
    }

    pub(super) fn contains(&self, key: impl AsKey) -> bool {
        self.find(key).is_some()
    }

    /// The first text of a key.
    pub(super) fn get(&self, key: impl AsKey) -> Option<&str> {
        let place = self.find(key)?;
        self.index().texts.get(place.clone())
    }

    fn find(&self, key: impl AsKey) -> Option<&Range<usize>> {
        self.index().places.iter().find(|(other, _)| key.is(other)).map(|(_, place)| place)
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(&self.block))
    }
}

impl Index {
    fn of(block: &Block) -> Self {
        let mut texts = String::with_capacity(block.as_bytes().len());
        let mut places = Vec::with_capacity(block.count());
        for (key, value) in Pairs::new(block.as_bytes(), &[]) {
            let from = texts.len();
            if !key.is_binary() {
                texts.push_str(std::str::from_utf8(value).unwrap_or_default());
            }
            // It was a key when it was written. Bytes have no text: their place is behind all others.
            if let Ok(known) = key.to_key() {
                let place = if key.is_binary() { usize::MAX..usize::MAX } else { from..texts.len() };
                places.push((known, place));
            }
        }
        Self { places: places.into(), texts: texts.into() }
    }
}

// === impl Shared ===

impl Debug for Shared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.block, f)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Key, Metadata, key};

    #[test]
    fn what_is_shared_is_found_as_what_is_not() {
        let mut own = Metadata::new();
        for (name, value) in
            [("b", "1"), ("traceparent", "00-x"), ("B", "grün"), ("empty", ""), ("long", &"ä".repeat(300))]
        {
            own.append(name, value).unwrap();
        }
        own.append("a-bin", vec![0, 255]).unwrap();
        own.append("last", "2").unwrap();
        let mut all = own.clone().with_base();
        all.append("b", "3").unwrap();
        all.append("c", "4").unwrap();
        assert_eq!((all.shared().unwrap().count(), all.len()), (7, 9));
        for name in ["b", "traceparent", "EMPTY", "long", "a-bin", "last", "none"] {
            assert_eq!((all.get(name), all.get_bin(name)), (own.get(name), own.get_bin(name)), "{name}");
            let key = Key::new(name).unwrap();
            assert_eq!((all.get(&key), all.contains(&key)), (own.get(name), own.contains(name)), "{name}");
        }
        assert_eq!((all.get(key::TRACEPARENT), all.get("C")), (Some("00-x"), Some("4")));
        assert_eq!(all.get_all("b").collect::<Vec<_>>(), ["1", "grün", "3"]);
    }
}
