use std::fmt::{self, Debug, Formatter};

use bytes::Bytes;

/// The value of a metadata entry: text, or bytes where the key ends in `-bin`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    /// Text that is short: it is made and cloned without an allocation.
    Short {
        length: u8,
        room: Room,
    },
    /// UTF-8 that is longer, which may be a part of what was read.
    Text(Bytes),
    Binary(Bytes),
}

/// The UTF-8 of a short text, and blanks behind it, so that all of it can be looked at at once: aligned, and in halves.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(align(8))]
struct Room([u8; SHORT]);

/// The longest text that is short: a value is as large then as with what is longer.
const SHORT: usize = 32;

impl Value {
    /// The text; `None` for bytes.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Short { length, room } => {
                let length = usize::from(*length);
                let half = if length <= SHORT / 2 { &room.0[..SHORT / 2] } else { &room.0[..] };
                std::str::from_utf8(half).ok()?.get(..length)
            }
            Repr::Text(text) => std::str::from_utf8(text).ok(),
            Repr::Binary(_) => None,
        }
    }

    /// The text that these bytes are, which are shared and not copied, but where they are few; `None` where they are no
    /// UTF-8.
    #[must_use]
    pub fn from_utf8(text: Bytes) -> Option<Self> {
        if text.len() <= SHORT {
            return Self::short(&text);
        }
        std::str::from_utf8(&text).is_ok().then_some(Self(Repr::Text(text)))
    }

    /// The text of a few bytes.
    fn short(text: &[u8]) -> Option<Self> {
        let room = Room::of(text);
        let is_text = room.is_printable() || std::str::from_utf8(text).is_ok();
        is_text.then_some(Self(Repr::Short { length: text.len() as u8, room }))
    }

    /// The bytes, or those of the text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Short { length, room } => &room.0[..usize::from(*length)],
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
            Repr::Short { room, .. } if room.is_printable() => true,
            Repr::Short { .. } | Repr::Text(_) => is_sound(self.as_bytes()),
            Repr::Binary(_) => true,
        }
    }
}

impl Room {
    /// A text of no more bytes than there is room for.
    fn of(text: &[u8]) -> Self {
        let mut room = [b' '; SHORT];
        room[..text.len()].copy_from_slice(text);
        Self(room)
    }

    fn is_printable(&self) -> bool {
        is_printable(&self.0)
    }
}

/// Whether all of it is printable ASCII, as nearly every text is. Without a way out of the loop it is made of vector
/// instructions.
#[inline]
fn is_printable(text: &[u8]) -> bool {
    !text.iter().fold(false, |other, byte| other | !matches!(byte, b' '..=b'~'))
}

/// Whether these bytes are a text that every transport can carry: UTF-8 without control characters but the tab.
#[inline]
pub(super) fn is_sound(text: &[u8]) -> bool {
    let is_other = |c: char| c.is_control() && c != '\t';
    is_printable(text) || std::str::from_utf8(text).is_ok_and(|text| !text.chars().any(is_other))
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.len() <= SHORT {
            let (length, room) = (text.len() as u8, Room::of(text.as_bytes()));
            return Self(Repr::Short { length, room });
        }
        Self(Repr::Text(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.len() <= SHORT { text.as_str().into() } else { Self(Repr::Text(text.into())) }
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
            Repr::Short { .. } | Repr::Text(_) => Debug::fmt(self.as_str().unwrap_or_default(), f),
            Repr::Binary(bytes) => Debug::fmt(bytes, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_it_is_made() {
        assert_eq!(size_of::<Value>(), 40);
        for length in [0, 1, 7, 16, 17, SHORT - 1, SHORT, SHORT + 1, 100] {
            let text = "xy ".repeat(length).chars().take(length).collect::<String>();
            let value = Value::from(text.as_str());
            assert_eq!((value.as_str(), value.as_bytes()), (Some(&*text), text.as_bytes()));
            assert_eq!(value, Value::from(text.clone()));
            assert_eq!(Some(&value), Value::from_utf8(Bytes::from(text.clone())).as_ref());
            assert!(value.is_sound() && !Value::from(format!("{text}\n")).is_sound());
        }
    }

    #[test]
    fn what_is_no_utf8_is_no_text() {
        for length in [1, SHORT, SHORT + 1] {
            let bytes = Bytes::from(vec![0xff; length]);
            assert!(!is_sound(&bytes) && Value::from_utf8(bytes).is_none());
        }
        // A letter that is cut off by the end of the text.
        let whole = Bytes::from("ä".repeat(SHORT));
        assert!(Value::from_utf8(whole.slice(..3)).is_none());
        for letters in [2, 8, 9, 16, 17] {
            let value = Value::from_utf8(whole.slice(..2 * letters)).unwrap();
            assert_eq!(value.as_str(), Some(&*"ä".repeat(letters)));
            assert!(value.is_sound());
        }
    }
}
