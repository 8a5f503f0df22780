//! [`Metadata`]: what travels beside a message.

mod block;
mod draft;
mod keys;
mod pairs;
mod shared;
mod value;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

pub use self::block::{Block, Flaw, Names};
pub(crate) use self::draft::Draft;
pub use self::keys::{AsKey, Key, key};
use self::pairs::Pairs;
pub use self::pairs::{Iter, KeyRef, ValueRef};
pub use self::shared::Shared;
pub use self::value::Value;
use crate::Result;

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
    base: Option<Arc<Shared>>,
    /// None rather than empty: most have none, and are cloned and dropped with every call.
    own: Option<Block>,
}

impl Metadata {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { base: None, own: None }
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own_bytes().is_empty() && self.shared_bytes().is_empty()
    }

    /// The first text of a key.
    #[must_use]
    pub fn get(&self, key: impl AsKey) -> Option<&str> {
        if let Some(text) = self.base.as_ref().and_then(|shared| shared.get(&key)) {
            return Some(text);
        }
        let (key, value) = key.find(self.own_bytes())?;
        if key.is_binary() { None } else { std::str::from_utf8(value).ok() }
    }

    /// The first bytes of a key that ends in `-bin`.
    #[must_use]
    pub fn get_bin(&self, key: impl AsKey) -> Option<&[u8]> {
        self.pairs().find(|(other, _)| key.names(*other) && other.is_binary()).map(|(_, value)| value)
    }

    /// All texts of a key, in their order.
    pub fn get_all(&self, key: impl AsKey) -> impl Iterator<Item = &str> {
        self.pairs()
            .filter(move |(k, _)| key.names(*k) && !k.is_binary())
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Whether there is an entry of this key.
    #[must_use]
    pub fn contains(&self, key: impl AsKey) -> bool {
        self.base.as_ref().is_some_and(|shared| shared.contains(&key)) || key.find(self.own_bytes()).is_some()
    }

    /// All entries, in their order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.pairs())
    }

    /// Replaces all entries of a key by one.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for a name that is no key, text with control
    /// characters, bytes under a key without `-bin`, or text under one with it.
    pub fn insert(&mut self, key: impl AsKey, value: impl Into<Value>) -> Result<()> {
        let (key, value) = (key.to_key()?, value.into());
        self.change(|draft| draft.insert(&key, &value))
    }

    /// Adds an entry, and keeps those that the key has.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn append(&mut self, key: impl AsKey, value: impl Into<Value>) -> Result<()> {
        let (key, value) = (key.to_key()?, value.into());
        self.change(|draft| draft.append(&key, &value))
    }

    /// Removes all entries of a key; says whether there were any.
    pub fn remove(&mut self, key: impl AsKey) -> bool {
        self.contains(&key) && self.change(|draft| draft.remove(key))
    }

    /// Adds what `other` has; a key of `other` replaces the entries that it has here.
    pub fn merge(&mut self, other: &Self) {
        self.change(|draft| {
            for (key, _) in other.pairs() {
                draft.remove(key);
            }
            for (key, value) in other.pairs() {
                draft.put(key, value);
            }
        });
    }

    /// The same entries, such that clones share them instead of copying: what a client sends with every call.
    #[must_use]
    pub fn with_base(self) -> Self {
        if self.own.is_none() {
            return self;
        }
        let all = [self.shared_bytes(), self.own_bytes()].concat();
        Self { base: Some(Arc::new(Shared::new(Block::written(all.into())))), own: None }
    }

    /// What clones share, and what comes first; `None` without [`with_base`](Self::with_base). Transports tell by the
    /// pointer that a client repeats it.
    #[must_use]
    pub const fn shared(&self) -> Option<&Arc<Shared>> {
        self.base.as_ref()
    }

    /// What is behind the [`shared`](Self::shared) entries.
    #[must_use]
    pub const fn own(&self) -> Option<&Block> {
        self.own.as_ref()
    }

    /// What is [`shared`](Self::shared), and what is behind it.
    #[must_use]
    pub fn of(shared: Option<Arc<Shared>>, own: Option<Block>) -> Self {
        Self { base: shared, own: own.filter(|own| !own.as_bytes().is_empty()) }
    }

    fn shared_bytes(&self) -> &[u8] {
        self.base.as_deref().map_or(&[], Shared::as_bytes)
    }

    fn own_bytes(&self) -> &[u8] {
        self.own.as_ref().map_or(&[], Block::as_bytes)
    }

    fn pairs(&self) -> Pairs<'_> {
        Pairs::new(self.shared_bytes(), self.own_bytes())
    }

    fn change<T>(&mut self, change: impl FnOnce(&mut Draft) -> T) -> T {
        let mut draft = Draft::from(std::mem::take(self));
        let changed = change(&mut draft);
        *self = draft.finish();
        changed
    }
}

// === impl Metadata ===

impl<'a> IntoIterator for &'a Metadata {
    type Item = (KeyRef<'a>, ValueRef<'a>);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Equal when the same entries come in the same order.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.pairs().eq(other.pairs())
    }
}

impl Eq for Metadata {}

impl Debug for Metadata {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.iter(), f)
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
        assert!(plain.shared().is_none() && plain.own().is_some_and(|own| own.count() == 1));
        let base = plain.with_base();
        let shared = base.shared().unwrap();
        let mut call = Metadata::of(Some(shared.clone()), None);
        call.append(key::MICRO_ID, "7").unwrap();
        assert!(Arc::ptr_eq(call.shared().unwrap(), shared));
        assert_eq!(call.own().unwrap().as_bytes(), [5, 0, 0, 0, 1, b'7']);
        assert_eq!((call.len(), call.get("x")), (2, Some("1")));
        assert!(call.append(key::MICRO_ID, "\0").is_err() && call.len() == 2);
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
