use std::fmt::{self, Debug, Formatter};

use bytes::Bytes;

/// The value of a metadata entry: text, or bytes where the key ends in `-bin`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Text(Box<str>),
    Binary(Bytes),
}

impl Value {
    /// The text; `None` for bytes.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            Repr::Binary(_) => None,
        }
    }

    /// The bytes, or those of the text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Text(text) => text.as_bytes(),
            Repr::Binary(bytes) => bytes,
        }
    }

    /// Whether this is bytes rather than text.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        matches!(self.0, Repr::Binary(_))
    }

    /// Whether every transport can carry it: text has no control characters but the tab.
    pub(super) fn is_sound(&self) -> bool {
        match &self.0 {
            Repr::Text(text) => is_printable(text) || !text.chars().any(|c| c.is_control() && c != '\t'),
            Repr::Binary(_) => true,
        }
    }
}

/// Whether all of it is printable ASCII, as nearly every text is. Without a way out of the loop it is made of vector
/// instructions.
fn is_printable(text: &str) -> bool {
    !text.bytes().fold(false, |other, byte| other | !matches!(byte, b' '..=b'~'))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Repr::Text(text.into_boxed_str()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Binary(bytes))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl Debug for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Text(text) => Debug::fmt(text, f),
            Repr::Binary(bytes) => Debug::fmt(bytes, f),
        }
    }
}
