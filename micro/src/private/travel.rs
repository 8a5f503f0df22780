//! How the fields of a user's error travel: as text, in the error's metadata.

use std::error::Error as StdError;
use std::fmt::{Display, Write};
use std::str::FromStr;

use crate::Error;

/// A field of an error that travels.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel in an error",
    label = "is not text on the wire",
    note = "a field travels as text: implement `Display` and `FromStr` for `{Self}`",
    note = "or put `#[error(local)]` on the field: it stays here, and callers get its `Default`"
)]
pub trait Fact: Sized {
    /// As text.
    fn tell(&self) -> String;
    /// Of its text.
    fn read(text: &str) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: Display + FromStr> Fact for T {
    fn tell(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Puts the values of a field into an error.
pub fn fact<'a, T: Fact + 'a>(error: &mut Error, key: &'static str, values: impl IntoIterator<Item = &'a T>) {
    for value in values {
        // The key is one by the macro, and what no metadata can hold is escaped.
        let _ = error.metadata_mut().append(key, escaped(&value.tell()));
    }
}

/// The value of a field that an error has once.
pub fn one<T: Fact>(error: &Error, key: &str) -> Option<T> {
    T::read(&unescaped(error.metadata().get(key)?)?)
}

/// The value of a field that may not be there.
pub fn optional<T: Fact>(error: &Error, key: &str) -> Option<Option<T>> {
    match error.metadata().get(key) {
        Some(_) => one(error, key).map(Some),
        None => Some(None),
    }
}

/// The values of a field that an error has any number of times.
pub fn all<T: Fact>(error: &Error, key: &str) -> Option<Vec<T>> {
    error.metadata().get_all(key).map(|text| T::read(&unescaped(text)?)).collect()
}

/// Metadata has no control characters: they travel as `%0A`, and `%` as `%25`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '%' || c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            out.push((digit()? * 16 + digit()?) as u8);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// What can be the cause of an error: any error that can go to another thread, and a box of one.
pub trait Cause {
    /// As the standard library has it.
    fn as_cause(&self) -> &(dyn StdError + 'static);
}

impl<E: StdError + Send + Sync + 'static> Cause for E {
    fn as_cause(&self) -> &(dyn StdError + 'static) {
        self
    }
}

/// A box is no error itself, so its method is found behind it.
impl Cause for dyn StdError + Send + Sync {
    fn as_cause(&self) -> &(dyn StdError + 'static) {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_travels() {
        for text in ["", "plain", "100 %", "%41", "line\r\nline", "\u{7f}\u{85}\0", "Grüße 東京"] {
            let mut error = Error::internal("");
            fact(&mut error, "text", [&text.to_owned()]);
            let back = Error::from_json(&error.to_json());
            assert_eq!(one::<String>(&back, "text").as_deref(), Some(text));
        }
    }

    #[test]
    fn text_that_nobody_wrote_is_refused() {
        for bad in ["%", "%4", "%zz", "%FF", "%+1"] {
            assert_eq!(unescaped(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_that_are_missing_or_several() {
        let mut error = Error::internal("");
        fact(&mut error, "id", [&1, &2]);
        fact(&mut error, "word", [&"x".to_owned()]);
        assert_eq!(all::<u32>(&error, "id"), Some(vec![1, 2]));
        assert_eq!(all::<u32>(&error, "none"), Some(vec![]));
        assert_eq!(optional::<u32>(&error, "none"), Some(None));
        assert_eq!(optional::<u32>(&error, "word"), None);
        assert_eq!(one::<u32>(&error, "none"), None);
    }
}
