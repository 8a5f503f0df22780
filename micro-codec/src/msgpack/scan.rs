//! Whether bytes are exactly one MessagePack value, by the lengths in them alone.
//!
//! The format: <https://github.com/msgpack/msgpack/blob/master/spec.md>.

use std::fmt::{self, Display, Formatter};

/// What is wrong, at which byte.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    Truncated(usize),
    Reserved(usize),
    Trailing(usize),
}

/// Walks over one value without making any of it. Takes time in proportion to the bytes, and no memory.
pub(super) fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut at = 0;
    // The values that are still to come.
    let mut pending = 1_u64;
    while pending > 0 {
        let marker = *bytes.get(at).ok_or(Fault::Truncated(at))?;
        let length = |size| big_endian(bytes, at + 1, size);
        // The bytes of this value behind its marker, and the values inside of it.
        let (skip, inside) = match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
            0x80..=0x8f => (0, 2 * u64::from(marker & 0x0f)),
            0x90..=0x9f => (0, u64::from(marker & 0x0f)),
            0xa0..=0xbf => (u64::from(marker & 0x1f), 0),
            0xc1 => return Err(Fault::Reserved(at)),
            0xc4 | 0xd9 => (1 + length(1)?, 0),
            0xc5 | 0xda => (2 + length(2)?, 0),
            0xc6 | 0xdb => (4 + length(4)?, 0),
            0xc7 => (2 + length(1)?, 0),
            0xc8 => (3 + length(2)?, 0),
            0xc9 => (5 + length(4)?, 0),
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 | 0xd4 => (2, 0),
            0xd5 => (3, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xd6 => (5, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            0xd7 => (9, 0),
            0xd8 => (17, 0),
            0xdc => (2, length(2)?),
            0xdd => (4, length(4)?),
            0xde => (2, 2 * length(2)?),
            0xdf => (4, 2 * length(4)?),
        };
        let rest = (bytes.len() - at - 1) as u64;
        pending = pending - 1 + inside;
        // Each value has one byte or more, so a length that promises more of them than there are bytes is a lie.
        if skip > rest || pending > rest - skip {
            return Err(Fault::Truncated(bytes.len()));
        }
        at += 1 + skip as usize;
    }
    if at == bytes.len() { Ok(()) } else { Err(Fault::Trailing(at)) }
}

fn big_endian(bytes: &[u8], at: usize, size: usize) -> Result<u64, Fault> {
    let bytes = bytes.get(at..at + size).ok_or(Fault::Truncated(bytes.len()))?;
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(at) => write!(f, "ends in the middle of a value at byte {at}"),
            Self::Reserved(at) => write!(f, "the reserved marker 0xc1 at byte {at}"),
            Self::Trailing(at) => write!(f, "the message ends at byte {at}, and more follows"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_of_values() {
        let values: &[&[u8]] = &[
            &[0x7f],
            &[0xff],
            &[0xc0],
            &[0x81, 0xa1, b'a', 0x92, 1, 2],
            &[0xc4, 2, 0, 0],
            &[0xc5, 0, 2, 0, 0],
            &[0xdb, 0, 0, 0, 1, b'a'],
            &[0xc7, 1, 9, 0],
            &[0xd4, 1, 0],
            &[0xd8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xcb, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0xdc, 0, 1, 0xc3],
            &[0xdf, 0, 0, 0, 1, 0xc3, 0xc2],
            &[0x90],
        ];
        for value in values {
            assert_eq!(check(value), Ok(()), "{value:x?}");
            for cut in 0..value.len() {
                assert!(matches!(check(&value[..cut]), Err(Fault::Truncated(_))), "{value:x?} {cut}");
            }
            let longer = [value, &[0xc0][..]].concat();
            assert_eq!(check(&longer), Err(Fault::Trailing(value.len())));
        }
    }

    #[test]
    fn lengths_that_lie() {
        for lie in [
            &[0xdd, 0xff, 0xff, 0xff, 0xff][..],
            &[0xdf, 0xff, 0xff, 0xff, 0xff, 0, 0],
            &[0xc6, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert_eq!(check(lie), Err(Fault::Truncated(lie.len())));
        }
        assert_eq!(check(&[0x91, 0xc1]), Err(Fault::Reserved(1)));
    }
}
