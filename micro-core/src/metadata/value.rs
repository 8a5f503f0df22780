use std::fmt::{self, Debug, Formatter};

use bytes::Bytes;

/// The value of a metadata entry: text, or bytes where the key ends in `-bin`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// UTF-8, which may be a part of what was read.
    Text(Bytes),
    Binary(Bytes),
}

impl Value {
    /// The text; `None` for bytes.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => std::str::from_utf8(text).ok(),
            Repr::Binary(_) => None,
        }
    }

    /// The text that these bytes are, which are shared and not copied; `None` where they are no UTF-8.
    #[must_use]
    pub fn from_utf8(text: Bytes) -> Option<Self> {
        std::str::from_utf8(&text).is_ok().then_some(Self(Repr::Text(text)))
    }

    /// The bytes, or those of the text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Text(bytes) | Repr::Binary(bytes) => bytes,
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
            Repr::Text(text) if is_printable(text) => true,
            Repr::Text(text) => {
                let is_other = |c: char| c.is_control() && c != '\t';
                std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(is_other))
            }
            Repr::Binary(_) => true,
        }
    }
}

/// Whether all of it is printable ASCII, as nearly every text is. Without a way out of the loop it is made of vector
/// instructions.
fn is_printable(text: &[u8]) -> bool {
    !text.iter().fold(false, |other, byte| other | !matches!(byte, b' '..=b'~'))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(Repr::Text(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(Repr::Text(text.into()))
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
            Repr::Text(_) => Debug::fmt(self.as_str().unwrap_or_default(), f),
            Repr::Binary(bytes) => Debug::fmt(bytes, f),
        }
    }
}
