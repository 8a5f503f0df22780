//! Metadata that is being made.

use std::cell::Cell;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use bytes::BytesMut;

use super::pairs::{self, Iter, KeyRef, MAX_VALUE, Pairs};
use super::{AsKey, Block, Key, Metadata, Shared, Value};
use crate::{Error, Result};

/// Metadata while it is changed: entries are written behind the others.
#[derive(Default)]
pub(crate) struct Draft {
    base: Option<Arc<Shared>>,
    own: BytesMut,
}

/// The room that the entries of most calls need.
const ROOM: usize = 128;
/// The room of this many calls is allocated at a time.
const CALLS: usize = 64;

impl Draft {
    /// The metadata of one call, which soon is over: its entries are written into a buffer of the thread, and cost no
    /// allocation.
    pub(crate) fn of_call(metadata: &Metadata) -> Self {
        thread_local! {
            static BUFFER: Cell<Option<BytesMut>> = const { Cell::new(None) };
        }
        let mut own = BUFFER.with(|buffer| {
            let left = buffer.take().filter(|left| left.capacity() >= ROOM);
            let mut room = left.unwrap_or_else(|| BytesMut::with_capacity(CALLS * ROOM));
            buffer.set(Some(room.split_off(ROOM)));
            room
        });
        own.extend_from_slice(metadata.own_bytes());
        Self { base: metadata.shared().cloned(), own }
    }

    /// What it has become.
    pub(crate) fn finish(self) -> Metadata {
        let own = (!self.own.is_empty()).then(|| Block::written(self.own.freeze()));
        Metadata { base: self.base, own }
    }

    fn pairs(&self) -> Pairs<'_> {
        Pairs::new(self.base.as_deref().map_or(&[], Shared::as_bytes), &self.own)
    }

    /// Replaces all entries of a key by one.
    pub(crate) fn insert(&mut self, key: &Key, value: &Value) -> Result<()> {
        check(key, value)?;
        self.remove(key);
        self.put(key.into(), value.as_bytes());
        Ok(())
    }

    /// Adds an entry, and keeps those that the key has.
    pub(super) fn append(&mut self, key: &Key, value: &Value) -> Result<()> {
        check(key, value)?;
        self.put(key.into(), value.as_bytes());
        Ok(())
    }

    /// Adds an entry that is sound.
    pub(crate) fn put(&mut self, key: KeyRef<'_>, value: &[u8]) {
        pairs::put(key, value, &mut self.own);
    }

    /// Removes all entries of a key; says whether there were any.
    pub(super) fn remove(&mut self, key: impl AsKey) -> bool {
        let is_shared = self.base.as_ref().is_some_and(|shared| shared.contains(&key));
        if !is_shared && (self.own.is_empty() || key.find(&self.own).is_none()) {
            return false;
        }
        // What is shared stays as it is, and what is left of it becomes this one's own.
        let all = std::mem::take(self);
        for (other, value) in all.pairs().filter(|(other, _)| !key.names(*other)) {
            self.put(other, value);
        }
        true
    }
}

impl From<Metadata> for Draft {
    fn from(metadata: Metadata) -> Self {
        let own = metadata.own.map(Block::into_bytes).unwrap_or_default();
        let own = own.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..]));
        Self { base: metadata.base, own }
    }
}

impl Debug for Draft {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&Iter(self.pairs()), f)
    }
}

fn check(key: &Key, value: &Value) -> Result<()> {
    let error = |what: &str| Err(Error::invalid_argument(format!("metadata `{key}`: {what}")));
    match (key.is_binary(), value.is_binary()) {
        (false, true) => error("bytes need a key that ends in `-bin`"),
        (true, false) => error("a key that ends in `-bin` takes bytes, not text"),
        _ if !value.is_sound() => {
            error("text with a control character (a key that ends in `-bin` takes bytes)")
        }
        _ if value.as_bytes().len() > MAX_VALUE => error("a value of more than 4 GiB"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata of calls that a thread makes, which lie side by side.
    #[test]
    fn one_call_does_not_write_into_another() {
        let mut base = Metadata::new();
        base.insert("tenant", "acme").unwrap();
        base.insert("region", "north").unwrap();
        let mut base = base.with_base();
        base.insert("own", "1").unwrap();
        let key = |name| Key::new(name).unwrap();
        let made = |number: usize| {
            let mut draft = Draft::of_call(&base);
            draft.insert(&key("number"), &number.to_string().into()).unwrap();
            // Some have not enough in their room, and some do not send what all others do.
            draft.insert(&key("long"), &"x".repeat(number).into()).unwrap();
            if number.is_multiple_of(7) {
                draft.insert(&key("region"), &"south".into()).unwrap();
            }
            assert!(draft.insert(&key("own"), &"\n".into()).is_err());
            draft.finish()
        };
        let all: Vec<_> = (0..3 * CALLS).map(made).collect();
        for (number, metadata) in all.iter().enumerate() {
            let changed = number.is_multiple_of(7);
            assert_eq!(metadata.len(), 5);
            assert_eq!(metadata.shared().is_some(), !changed);
            assert_eq!(metadata.get("number"), Some(&*number.to_string()));
            assert_eq!(metadata.get("long"), Some(&*"x".repeat(number)));
            assert_eq!(metadata.get("region"), Some(if changed { "south" } else { "north" }));
            assert_eq!((metadata.get("tenant"), metadata.get("own")), (Some("acme"), Some("1")));
        }
    }

    #[test]
    fn what_is_not_its_own_is_copied_when_it_is_changed() {
        let mut first = Metadata::new();
        first.insert("a", "1").unwrap();
        let second = first.clone();
        first.append("a", "2").unwrap();
        assert_eq!((first.len(), second.len()), (2, 1));
        let mut third = first.clone();
        assert!(third.remove("a") && !third.remove("a") && third.is_empty() && third.own().is_none());
        let mut merged = second.clone().with_base();
        merged.merge(&first);
        assert_eq!(merged.get_all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(second.get_all("a").collect::<Vec<_>>(), ["1"]);
    }
}
