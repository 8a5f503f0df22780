//! The numbers of formats.

use micro_core::{Error, Format, Formats, Result};

use super::frame;

/// The formats with a number of their own, by that number less one.
const KNOWN: &[&str] = &[
    "application/json",
    "application/protobuf",
    "application/msgpack",
    "application/bson",
    "application/octet-stream",
];
/// The first number of all others.
const OTHERS: u8 = 16;

/// The formats of the numbers that are known, of those that are spoken; each at its number less one.
#[derive(Debug)]
pub(super) struct Known([Option<Format>; KNOWN.len()]);

impl Known {
    pub(super) fn new(formats: &Formats) -> Self {
        let mut known = [None; KNOWN.len()];
        for (format, content_type) in known.iter_mut().zip(KNOWN) {
            let exact = formats.iter().find(|format| format.content_type() == *content_type);
            *format = exact.or_else(|| formats.find(content_type));
        }
        Self(known)
    }

    /// The format of a number.
    pub(super) fn find(&self, number: u8) -> Option<Format> {
        *self.0.get(usize::from(number).checked_sub(1)?)?
    }
}

/// The content type of a number that is known.
pub(super) fn content_type(number: u8) -> Option<&'static str> {
    KNOWN.get(usize::from(number).checked_sub(1)?).copied()
}

/// The numbers of the formats that a client sends.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<(Format, u8)>);

impl Numbers {
    /// The number of a format; where it has none of its own, the peer is told before its first use.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached, when there are none left.
    pub(super) fn number(&mut self, format: Format, out: &mut Vec<u8>) -> Result<u8> {
        if let Some((_, number)) = self.0.iter().find(|(known, _)| *known == format) {
            return Ok(*number);
        }
        let known =
            KNOWN.iter().position(|known| format.is(known)).and_then(|index| u8::try_from(index + 1).ok());
        let number = match known {
            Some(number) => number,
            None => {
                let others = self.0.iter().filter(|(_, number)| *number >= OTHERS).count();
                let next = u8::try_from(others).ok().and_then(|others| OTHERS.checked_add(others));
                let number = next.ok_or_else(|| {
                    Error::resource_exhausted("more formats on one connection than there are numbers")
                        .not_reached()
                })?;
                frame::put_format(out, number, format.content_type());
                number
            }
        };
        self.0.push((format, number));
        Ok(number)
    }
}
