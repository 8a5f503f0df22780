//! Names whose hash is known, and maps of them.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt::{self, Debug, Formatter};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// A name with its hash: what is looked up with every call is hashed once, where it is made.
///
/// ```
/// use micro_core::{Name, NameMap, Route};
///
/// let mut ports = NameMap::new();
/// ports.insert("helloworld", 8080);
/// let route = Route::new("helloworld", "Helloworld.Call");
/// assert_eq!(ports.get(route.service_name()), Some(&8080));
/// assert_eq!(ports.get(Name::new("other")), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    text: &'a str,
    hash: u64,
}

impl<'a> Name<'a> {
    /// The name of a text.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, hash: hash(text) }
    }

    /// The name of a text whose hash is known from before.
    pub(crate) const fn known(text: &'a str, hash: u64) -> Self {
        Self { text, hash }
    }

    /// The hash of the text.
    pub(crate) const fn hash(self) -> u64 {
        self.hash
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }
}

/// The hash of a name. Names may come from outside, so nobody outside can tell which of them share a place.
pub(crate) fn hash(text: &str) -> u64 {
    static STATE: OnceLock<RandomState> = OnceLock::new();
    STATE.get_or_init(RandomState::new).hash_one(text)
}

/// A map from names, for what is looked up with every call.
#[derive(Clone)]
pub struct NameMap<V> {
    /// By their hashes.
    names: HashMap<u64, Same<V>, BuildHasherDefault<Known>>,
    len: usize,
}

/// The names that have the same hash: nearly always one.
type Same<V> = Vec<(Box<str>, V)>;

impl<V> NameMap<V> {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self { names: HashMap::default(), len: 0 }
    }

    /// What a name stands for.
    #[must_use]
    pub fn get(&self, name: Name<'_>) -> Option<&V> {
        let same = self.names.get(&name.hash)?;
        same.iter().find(|(known, _)| **known == *name.text).map(|(_, value)| value)
    }

    /// Whether the name is there.
    #[must_use]
    pub fn contains(&self, name: Name<'_>) -> bool {
        self.get(name).is_some()
    }

    /// Has a name stand for something; says what it stood for.
    pub fn insert(&mut self, name: &str, value: V) -> Option<V> {
        self.put(Name::new(name), value)
    }

    fn put(&mut self, name: Name<'_>, value: V) -> Option<V> {
        let same = self.names.entry(name.hash).or_insert_with(|| Vec::with_capacity(1));
        match same.iter_mut().find(|(known, _)| **known == *name.text) {
            Some((_, known)) => Some(std::mem::replace(known, value)),
            None => {
                same.push((name.text.into(), value));
                self.len += 1;
                None
            }
        }
    }

    /// Takes a name out; says what it stood for.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let hash = hash(name);
        let same = self.names.get_mut(&hash)?;
        let (_, value) = same.swap_remove(same.iter().position(|(known, _)| **known == *name)?);
        if same.is_empty() {
            self.names.remove(&hash);
        }
        self.len -= 1;
        Some(value)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.names.clear();
        self.len = 0;
    }

    /// All names and what they stand for, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.names.values().flatten().map(|(name, value)| (&**name, value))
    }
}

/// Takes the hash as it is.
#[derive(Default)]
struct Known(u64);

// === impl ===

impl Hasher for Known {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        debug_assert!(false, "a name has a hash, and nothing else to hash");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl<V> Default for NameMap<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V: Debug> Debug for NameMap<V> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Debug for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.text, f)
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(text: &'a String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_were_made() {
        let mut map = NameMap::new();
        for number in 0..1_000 {
            assert_eq!(map.insert(&format!("name-{number}"), number), None);
        }
        for number in 0..1_000 {
            assert_eq!(map.get(Name::new(&format!("name-{number}"))), Some(&number));
        }
        assert_eq!((map.len(), map.insert("name-7", 0), map.remove("name-7")), (1_000, Some(7), Some(0)));
        assert!(!map.contains(Name::new("name-7")) && map.remove("nobody").is_none());
    }

    #[test]
    fn names_with_the_same_hash_are_not_the_same() {
        let mut map = NameMap::new();
        map.insert("one", 1);
        assert_eq!(map.get(Name::known("two", hash("one"))), None);
        assert_eq!(map.put(Name::known("two", hash("one")), 2), None);
        assert_eq!(map.get(Name::new("one")), Some(&1));
        assert_eq!(map.get(Name::known("two", hash("one"))), Some(&2));
        assert_eq!((map.len(), map.iter().count(), map.remove("one"), map.len()), (2, 2, Some(1), 1));
        assert_eq!((map.get(Name::new("one")), map.get(Name::known("two", hash("one")))), (None, Some(&2)));
    }
}
