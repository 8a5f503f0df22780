//! Metadata as entries: the number of a well-known key or a name, and a value.
//!
//! That is the form in which `micro-core` has it, and reads it: here it is only copied.

use std::sync::Arc;

use bytes::Bytes;
use micro_core::Metadata;
use micro_core::metadata::{Block, Flaw, Names, Shared};

use super::{HEADER, Violation, header, kind};

/// The least that an entry takes.
const LEAST: usize = 5;

const SHORT: Violation = Violation::new("metadata that ends within an entry");
const MANY: Violation = Violation::new("metadata of more than 1024 entries");
const KEY: Violation = Violation::new("metadata with the number of a key that is not known");
const NAME: Violation = Violation::new("metadata with a name that is not in lower case, or is none");
const TEXT: Violation = Violation::new("metadata with a text that is no UTF-8, or has control characters");

/// Metadata as a writer takes it.
pub(crate) trait Entries: Copy {
    /// How many bytes it takes.
    fn length(self) -> usize;
    /// How many entries there are, where nobody has counted them yet.
    fn count(self) -> usize;
    /// Writes it.
    fn put(self, out: &mut Vec<u8>);
    /// Whether a peer takes it, with so many other bytes in its frame.
    fn fit(self, others: usize, max_header: u32) -> bool {
        let length = self.length();
        length + others <= max_header as usize && (length <= LEAST * Block::MAX || self.count() <= Block::MAX)
    }
}

/// As they were read.
impl Entries for &[u8] {
    fn length(self) -> usize {
        self.len()
    }
    fn count(self) -> usize {
        0
    }
    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// The metadata of a call, or what its peer does not know by a number.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    shared: Option<&'a Shared>,
    own: Option<&'a Block>,
}

impl<'a> Sent<'a> {
    pub(crate) fn all(metadata: &'a Metadata) -> Self {
        Self { shared: metadata.shared().map(Arc::as_ref), own: metadata.own() }
    }

    /// What is behind the shared entries.
    pub(crate) fn own(metadata: &'a Metadata) -> Self {
        Self { shared: None, own: metadata.own() }
    }

    fn bytes(self) -> [&'a [u8]; 2] {
        [self.shared.map_or(&[], Shared::as_bytes), self.own.map_or(&[], Block::as_bytes)]
    }
}

impl Entries for Sent<'_> {
    fn length(self) -> usize {
        let [shared, own] = self.bytes();
        shared.len() + own.len()
    }
    fn count(self) -> usize {
        self.shared.map_or(0, Shared::count) + self.own.map_or(0, Block::count)
    }
    fn put(self, out: &mut Vec<u8>) {
        self.bytes().iter().for_each(|bytes| out.extend_from_slice(bytes));
    }
}

impl Entries for &Metadata {
    fn length(self) -> usize {
        Sent::all(self).length()
    }
    fn count(self) -> usize {
        Sent::all(self).count()
    }
    fn put(self, out: &mut Vec<u8>) {
        Sent::all(self).put(out);
    }
}

/// Writes entries as they are in CALL, REPLY, END and BLOCK.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn put_entries<M: Entries>(entries: M, out: &mut Vec<u8>) {
    entries.put(out);
}

/// Says what metadata a number, not 0, means from here on.
pub(crate) fn put_block<M: Entries>(out: &mut Vec<u8>, number: u16, entries: M) {
    let length = entries.length();
    out.reserve(HEADER + length);
    out.extend_from_slice(&header(length, kind::BLOCK, number.into()));
    entries.put(out);
}

/// Reads metadata, which is copied.
pub(crate) fn entries(bytes: &[u8]) -> Result<Metadata, Violation> {
    let own = block(Bytes::copy_from_slice(bytes), &mut Names::default())?;
    Ok(Metadata::of(None, Some(own)))
}

/// Reads metadata, which keeps the bytes.
pub(crate) fn block(bytes: Bytes, names: &mut Names) -> Result<Block, Violation> {
    Block::read(bytes, names).map_err(|flaw| match flaw {
        Flaw::Short => SHORT,
        Flaw::Many => MANY,
        Flaw::Number => KEY,
        Flaw::Name => NAME,
        Flaw::Text => TEXT,
    })
}

#[cfg(test)]
mod tests {
    use micro_core::key;

    use super::*;

    fn some() -> Metadata {
        let mut metadata = Metadata::new();
        metadata.append(key::TRACEPARENT, "00-x").unwrap();
        metadata.append("tenant", "grün\t1").unwrap();
        let mut metadata = metadata.with_base();
        metadata.append("a-bin", vec![0, 255]).unwrap();
        metadata.append("tenant", "").unwrap();
        metadata
    }

    #[test]
    fn metadata_goes_both_ways() {
        let mut out = Vec::new();
        put_entries(&some(), &mut out);
        assert_eq!(out.len(), (&some()).length());
        assert_eq!(out[..9], [2, 0, 0, 0, 4, b'0', b'0', b'-', b'x']);
        assert_eq!(entries(&out), Ok(some()));
        for end in 0..out.len() {
            assert!(
                entries(&out[..end]).is_ok_and(|read| read.len() < 4) || entries(&out[..end]) == Err(SHORT)
            );
        }
    }

    #[test]
    fn what_is_wrong_with_metadata_is_said() {
        let named = |name: &str| [&[0, 0, name.len() as u8], name.as_bytes(), &[0, 0, 0, 0]].concat();
        assert!(entries(&named("x")).is_ok());
        for name in ["", "X", "a b", "ä"] {
            assert_eq!(entries(&named(name)), Err(NAME), "{name}");
        }
        assert_eq!(entries(&[11, 0, 0, 0, 0]), Err(KEY));
        assert_eq!(entries(&[255, 0, 0, 0, 0]), Err(KEY));
        for text in [&b"\n"[..], b"\xff", b"\x7f", "\u{85}".as_bytes()] {
            assert_eq!(entries(&[&[1, 0, 0, 0, text.len() as u8], text].concat()), Err(TEXT));
        }
        assert_eq!(entries(&[1, 255, 255, 255, 255, 0]), Err(SHORT));
        assert_eq!(entries(&[1, 0, 0, 0, 0].repeat(Block::MAX)).unwrap().len(), Block::MAX);
        assert_eq!(entries(&[1, 0, 0, 0, 0].repeat(Block::MAX + 1)), Err(MANY));
    }

    #[test]
    fn what_no_peer_takes_is_known_before_it_is_sent() {
        let metadata = some();
        let length = (&metadata).length() as u32;
        assert!((&metadata).fit(1, length + 1) && !(&metadata).fit(2, length + 1));
        let mut many = Metadata::new();
        for _ in 0..=Block::MAX {
            many.append("x", "").unwrap();
        }
        assert!(!(&many).fit(0, u32::MAX));
    }
}
