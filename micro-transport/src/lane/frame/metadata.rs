//! Metadata as entries: the number of a well-known key or a name, and a value.

use bytes::Bytes;
use micro_core::metadata::{Entry, Value};
use micro_core::{Key, Metadata};

use super::fields::Fields;
use super::{HEADER, Violation, header, kind};

/// The most entries in one frame's metadata: each costs its reader more than the bytes that it is made of.
pub(crate) const MAX_ENTRIES: usize = 1024;
/// The keys that this version of the lane has numbers for. Those that come later need a word of the peer that it knows them.
const KEYS: u8 = 10;

const SHORT: Violation = Violation::new("metadata that ends within an entry");
const MANY: Violation = Violation::new("metadata of more than 1024 entries");
const KEY: Violation = Violation::new("metadata with the number of a key that is not known");
const NAME: Violation = Violation::new("metadata with a name that is not in lower case, or is none");
const TEXT: Violation = Violation::new("metadata with a text that is no UTF-8, or has control characters");

/// Metadata as a writer takes it: entries, or the bytes that are written for them.
pub(crate) trait Entries: Copy {
    /// How many bytes it takes.
    fn length(self) -> usize;
    /// How many entries there are, where nobody has counted them yet.
    fn count(self) -> usize;
    /// Writes it.
    fn put(self, out: &mut Vec<u8>);
    /// Whether a peer takes it, with so many other bytes in its frame.
    fn fit(self, others: usize, max_header: u32) -> bool {
        self.count() <= MAX_ENTRIES && self.length() + others <= max_header as usize
    }
}

/// Metadata whose length is known: it is asked for several times for each frame.
#[derive(Clone, Copy)]
pub(crate) struct Measured<M> {
    entries: M,
    length: usize,
}

impl<M: Entries> Measured<M> {
    pub(crate) fn new(entries: M) -> Self {
        Self { entries, length: entries.length() }
    }
}

impl<M: Entries> Entries for Measured<M> {
    fn length(self) -> usize {
        self.length
    }
    fn count(self) -> usize {
        self.entries.count()
    }
    fn put(self, out: &mut Vec<u8>) {
        self.entries.put(out);
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

impl Entries for &[Entry] {
    fn length(self) -> usize {
        self.iter().map(length).sum()
    }
    fn count(self) -> usize {
        self.len()
    }
    fn put(self, out: &mut Vec<u8>) {
        for entry in self {
            put(entry, out);
        }
    }
}

/// Those that a client's calls share, and those of the call.
impl Entries for (&[Entry], &[Entry]) {
    fn length(self) -> usize {
        self.0.length() + self.1.length()
    }
    fn count(self) -> usize {
        self.0.len() + self.1.len()
    }
    fn put(self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
}

impl Entries for &Metadata {
    fn length(self) -> usize {
        (shared(self), self.own()).length()
    }
    fn count(self) -> usize {
        self.len()
    }
    fn put(self, out: &mut Vec<u8>) {
        (shared(self), self.own()).put(out);
    }
}

fn shared(metadata: &Metadata) -> &[Entry] {
    metadata.shared().map_or(&[], |entries| entries)
}

/// The number that a key is sent as.
fn number(key: &Key) -> Option<u8> {
    key.number().filter(|number| *number <= KEYS)
}

fn length((key, value): &Entry) -> usize {
    let name = if number(key).is_some() { 0 } else { 2 + key.as_bytes().len() };
    1 + name + 4 + value.as_bytes().len()
}

fn put((key, value): &Entry, out: &mut Vec<u8>) {
    let value = value.as_bytes();
    let [a, b, c, d] = (value.len() as u32).to_be_bytes();
    if let Some(number) = number(key) {
        out.extend_from_slice(&[number, a, b, c, d]);
    } else {
        let name = key.as_bytes();
        // No name is longer than `Key::MAX`.
        let [high, low] = (name.len() as u16).to_be_bytes();
        out.extend_from_slice(&[0, high, low]);
        out.extend_from_slice(name);
        out.extend_from_slice(&[a, b, c, d]);
    }
    out.extend_from_slice(value);
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

/// Reads metadata.
pub(crate) fn entries(bytes: &[u8]) -> Result<Metadata, Violation> {
    let mut metadata = Metadata::new();
    add_entries(bytes, &mut metadata)?;
    Ok(metadata)
}

/// Reads metadata behind what is there. The values are copied.
pub(crate) fn add_entries(bytes: &[u8], metadata: &mut Metadata) -> Result<(), Violation> {
    let text = |value: &[u8]| std::str::from_utf8(value).ok().map(Value::from);
    read(bytes, &mut Keys::default(), metadata, text, Bytes::copy_from_slice)
}

/// Reads the metadata of a call behind what is there. The values are parts of `read`, of which `bytes` are a part.
pub(crate) fn share_entries(
    bytes: &[u8],
    whole: &Bytes,
    keys: &mut Keys,
    metadata: &mut Metadata,
) -> Result<(), Violation> {
    read(bytes, keys, metadata, |text| Value::from_utf8_of(text, whole), |value| whole.slice_ref(value))
}

/// The names of keys that have come: those of one call are mostly those of the next one.
#[derive(Debug, Default)]
pub(crate) struct Keys(Vec<Key>);

/// How many names are kept.
const KEPT: usize = 16;

impl Keys {
    fn find(&mut self, name: &[u8]) -> Result<Key, Violation> {
        if let Some(known) = self.0.iter().find(|known| known.as_bytes() == name) {
            return Ok(known.clone());
        }
        let name = std::str::from_utf8(name).map_err(|_| NAME)?;
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(NAME);
        }
        let key = Key::new(name).map_err(|_| NAME)?;
        if self.0.len() < KEPT {
            self.0.push(key.clone());
        }
        Ok(key)
    }
}

fn read(
    bytes: &[u8],
    keys: &mut Keys,
    metadata: &mut Metadata,
    text: impl Fn(&[u8]) -> Option<Value>,
    binary: impl Fn(&[u8]) -> Bytes,
) -> Result<(), Violation> {
    let mut fields = Fields(bytes);
    let mut left = MAX_ENTRIES;
    while !fields.0.is_empty() {
        left = left.checked_sub(1).ok_or(MANY)?;
        let [number] = *fields.fixed().ok_or(SHORT)?;
        let key = match number {
            0 => keys.find(fields.short().ok_or(SHORT)?)?,
            _ => Key::of_number(number).filter(|_| number <= KEYS).ok_or(KEY)?,
        };
        let value = fields.long().ok_or(SHORT)?;
        let value = if key.is_binary() { Value::from(binary(value)) } else { text(value).ok_or(TEXT)? };
        metadata.push(key, value).map_err(|_| TEXT)?;
    }
    Ok(())
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
        let mut behind = some();
        add_entries(&out, &mut behind).unwrap();
        assert_eq!((behind.len(), behind.shared().unwrap().len()), (8, 2));
        for end in 0..out.len() {
            assert!(
                entries(&out[..end]).is_ok_and(|read| read.len() < 4) || entries(&out[..end]) == Err(SHORT)
            );
        }
    }

    #[test]
    fn a_well_known_key_may_come_by_its_name() {
        let read = entries(&[&[0, 0, 8][..], b"micro-id", &[0, 0, 0, 1, b'7']].concat()).unwrap();
        assert_eq!(read.own(), [(key::MICRO_ID, "7".into())]);
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
        assert_eq!(entries(&[1, 0, 0, 0, 0].repeat(MAX_ENTRIES)).unwrap().len(), MAX_ENTRIES);
        assert_eq!(entries(&[1, 0, 0, 0, 0].repeat(MAX_ENTRIES + 1)), Err(MANY));
    }

    #[test]
    fn what_no_peer_takes_is_known_before_it_is_sent() {
        let metadata = some();
        let length = (&metadata).length() as u32;
        assert!((&metadata).fit(1, length + 1) && !(&metadata).fit(2, length + 1));
        let mut many = Metadata::new();
        for _ in 0..=MAX_ENTRIES {
            many.append("x", "").unwrap();
        }
        assert!(!(&many).fit(0, u32::MAX));
    }
}
