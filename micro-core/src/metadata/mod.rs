//! [`Metadata`]: what travels beside a message.

mod keys;
mod value;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

pub use self::keys::{AsKey, Key, key};
pub use self::value::Value;
use crate::{Error, Result};

/// What travels beside a message: an ordered multimap of short texts and bytes, with case-insensitive keys.
///
/// What one client sends with each of its calls is shared between them and not copied; see [`Metadata::with_base`].
///
/// ```
/// # fn main() -> micro_core::Result<()> {
/// let mut metadata = micro_core::Metadata::new();
/// metadata.insert("Tenant", "acme")?;
/// metadata.append("tag", "blue")?;
/// metadata.append("tag", "new")?;
/// metadata.insert("signature-bin", vec![0, 159, 146, 150])?;
///
/// assert_eq!(metadata.get("tenant"), Some("acme"));
/// assert_eq!(metadata.get_all("TAG").collect::<Vec<_>>(), ["blue", "new"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Metadata {
    base: Option<Arc<[Entry]>>,
    /// None rather than empty: most have none, and are cloned and dropped with every call.
    own: Option<Vec<Entry>>,
}

/// An entry of a [`Metadata`].
pub type Entry = (Key, Value);

impl Metadata {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { base: None, own: None }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.base().len() + self.own().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first text of a key.
    #[must_use]
    pub fn get(&self, key: impl AsKey) -> Option<&str> {
        self.get_all(key).next()
    }

    /// The first bytes of a key that ends in `-bin`.
    #[must_use]
    pub fn get_bin(&self, key: impl AsKey) -> Option<&[u8]> {
        self.iter().find(|(k, v)| v.is_binary() && key.is(k)).map(|(_, value)| value.as_bytes())
    }

    /// All texts of a key, in their order.
    pub fn get_all(&self, key: impl AsKey) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(k, _)| key.is(k)).filter_map(|(_, value)| value.as_str())
    }

    /// Whether there is an entry of this key.
    #[must_use]
    pub fn contains(&self, key: impl AsKey) -> bool {
        self.iter().any(|(k, _)| key.is(k))
    }

    /// All entries, in their order.
    pub fn iter(&self) -> Iter<'_> {
        self.base().iter().chain(self.own())
    }

    /// Replaces all entries of a key by one.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for a name that is no key, text with control
    /// characters, bytes under a key without `-bin`, or text under one with it.
    pub fn insert(&mut self, key: impl AsKey, value: impl Into<Value>) -> Result<()> {
        let entry = checked(key.to_key()?, value.into())?;
        self.remove(&entry.0);
        self.add(entry);
        Ok(())
    }

    /// Adds an entry, and keeps those that the key has.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn append(&mut self, key: impl AsKey, value: impl Into<Value>) -> Result<()> {
        self.push(key.to_key()?, value.into())
    }

    /// Adds an entry whose parts are at hand, without a copy of either.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn push(&mut self, key: Key, value: Value) -> Result<()> {
        self.add(checked(key, value)?);
        Ok(())
    }

    /// Removes all entries of a key; says whether there were any.
    pub fn remove(&mut self, key: impl AsKey) -> bool {
        if self.base().iter().any(|(k, _)| key.is(k)) {
            self.unshare();
        }
        let Some(own) = &mut self.own else { return false };
        let before = own.len();
        own.retain(|(k, _)| !key.is(k));
        let removed = own.len() != before;
        if own.is_empty() {
            self.own = None;
        }
        removed
    }

    /// Adds what `other` has; a key of `other` replaces the entries that it has here.
    pub fn merge(&mut self, other: &Self) {
        for (key, _) in other {
            self.remove(key);
        }
        other.iter().cloned().for_each(|entry| self.add(entry));
    }

    /// The same entries, such that clones share them instead of copying: what a client sends with every call.
    #[must_use]
    pub fn with_base(self) -> Self {
        if self.own.is_none() {
            return self;
        }
        Self { base: Some(self.iter().cloned().collect()), own: None }
    }

    /// What clones share, and what comes first; `None` without [`with_base`](Self::with_base). Transports tell by the
    /// pointer that a client repeats it.
    #[must_use]
    pub const fn shared(&self) -> Option<&Arc<[Entry]>> {
        self.base.as_ref()
    }

    /// What is behind the [`shared`](Self::shared) entries.
    #[must_use]
    pub fn own(&self) -> &[Entry] {
        self.own.as_deref().unwrap_or_default()
    }

    /// The entries that another one has [`shared`](Self::shared), and shares with this one.
    #[must_use]
    pub const fn of_shared(entries: Arc<[Entry]>) -> Self {
        Self { base: Some(entries), own: None }
    }

    fn base(&self) -> &[Entry] {
        self.base.as_deref().unwrap_or_default()
    }

    fn add(&mut self, entry: Entry) {
        self.own.get_or_insert_default().push(entry);
    }

    /// Makes the shared entries this map's own, so that they can be changed.
    fn unshare(&mut self) {
        if let Some(base) = self.base.take() {
            self.own.get_or_insert_default().splice(0..0, base.iter().cloned());
        }
    }
}

fn checked(key: Key, value: Value) -> Result<Entry> {
    let error = |what: &str| Error::invalid_argument(format!("metadata `{key}`: {what}"));
    match (key.is_binary(), value.is_binary()) {
        (false, true) => Err(error("bytes need a key that ends in `-bin`")),
        (true, false) => Err(error("a key that ends in `-bin` takes bytes, not text")),
        _ if !value.is_sound() => {
            Err(error("text with a control character (a key that ends in `-bin` takes bytes)"))
        }
        _ => Ok((key, value)),
    }
}

/// The entries of a [`Metadata`], in their order.
pub type Iter<'a> = std::iter::Chain<std::slice::Iter<'a, Entry>, std::slice::Iter<'a, Entry>>;

// === impl Metadata ===

impl<'a> IntoIterator for &'a Metadata {
    type Item = &'a (Key, Value);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Equal when the same entries come in the same order.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl Eq for Metadata {}

impl Debug for Metadata {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, value) in self {
            // Credentials do not belong into logs.
            if *key == key::AUTHORIZATION {
                map.entry(key, &"(hidden)");
            } else {
                map.entry(key, value);
            }
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordered_multimap() {
        let mut metadata = Metadata::new();
        metadata.append("B", "1").unwrap();
        metadata.append("a", "2").unwrap();
        metadata.append("b", "3").unwrap();
        assert_eq!(metadata.get_all("b").collect::<Vec<_>>(), ["1", "3"]);
        assert_eq!(metadata.iter().map(|(k, _)| k.as_str()).collect::<String>(), "bab");
        metadata.insert("b", "4").unwrap();
        assert_eq!(metadata.get_all("B").collect::<Vec<_>>(), ["4"]);
        assert!(metadata.remove("a") && !metadata.remove("a"));
    }

    #[test]
    fn a_base_is_shared_until_it_is_changed() {
        let mut base = Metadata::new();
        base.insert("x", "1").unwrap();
        base.insert("y", "2").unwrap();
        let base = base.with_base();
        let mut call = base.clone();
        call.append("z", "3").unwrap();
        assert_eq!(call.len(), 3);
        call.insert("x", "4").unwrap();
        assert_eq!((call.get("x"), base.get("x")), (Some("4"), Some("1")));
        assert_eq!(base.len(), 2);
    }

    #[test]
    fn what_is_shared_is_told_from_what_is_not() {
        let mut plain = Metadata::new();
        plain.insert("x", "1").unwrap();
        assert!(plain.shared().is_none() && plain.own().len() == 1);
        let base = plain.with_base();
        let shared = base.shared().unwrap();
        let mut call = Metadata::of_shared(shared.clone());
        call.push(key::MICRO_ID, "7".into()).unwrap();
        assert!(Arc::ptr_eq(call.shared().unwrap(), shared));
        assert_eq!(call.own(), [(key::MICRO_ID, "7".into())]);
        assert_eq!((call.len(), call.get("x")), (2, Some("1")));
        assert!(call.push(key::MICRO_ID, "\0".into()).is_err() && call.len() == 2);
    }

    #[test]
    fn what_no_transport_could_carry_is_refused() {
        let mut metadata = Metadata::new();
        for control in ["x\r\ny", "\0", "\u{7f}", "ä\u{85}", "ä\n"] {
            assert!(metadata.insert("a", control).is_err(), "{control:?}");
        }
        assert!(metadata.insert("a", vec![1]).is_err());
        assert!(metadata.insert("a-bin", "text").is_err());
        assert!(metadata.insert("", "x").is_err());
        assert!(metadata.is_empty());
        metadata.insert("a", "x\ty ~ä€").unwrap();
        metadata.insert("a-bin", vec![0, 10]).unwrap();
        assert_eq!(metadata.get_bin("A-Bin"), Some(&[0, 10][..]));
        assert_eq!(metadata.get("a-bin"), None);
    }

    #[test]
    fn credentials_are_not_printed() {
        let mut metadata = Metadata::new();
        metadata.insert("Authorization", "Bearer secret").unwrap();
        assert!(!format!("{metadata:?}").contains("secret"));
    }
}
