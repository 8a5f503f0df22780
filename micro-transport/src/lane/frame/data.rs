use micro_core::Messages;

use super::fields::Fields;
use super::message::{self, Part, Tail};
use super::{HEADER, Violation, header, kind};

const MORE: u8 = 0x01;
const PART: u8 = 0x02;

const SHORT: Violation = Violation::new("a DATA that is too short for its fields");
const FLAGS: Violation = Violation::new("a DATA with flags that are not known");

/// Writes a DATA with a message or a part of one.
pub(crate) fn put_data(out: &mut Vec<u8>, id: u32, part: Part, bytes: &[u8]) {
    put(out, id, part, bytes.len(), bytes.len());
    out.extend_from_slice(bytes);
}

/// Writes a DATA up to its `len` bytes of a message, which are to follow.
pub(crate) fn put_data_head(out: &mut Vec<u8>, id: u32, part: Part, len: usize) {
    put(out, id, part, len, 0);
}

/// The beginning of a DATA with a whole message of `len` bytes.
pub(crate) fn data_head(id: u32, len: usize) -> [u8; Messages::HEAD] {
    let mut head = [0; HEADER + 1];
    head[..HEADER].copy_from_slice(&header(1 + len, kind::DATA, id));
    head
}

fn put(out: &mut Vec<u8>, id: u32, part: Part, len: usize, room: usize) {
    let (flags, total) = match part {
        Part::Whole => (0, None),
        Part::First { total } => (MORE, Some(total)),
        Part::Middle => (MORE | PART, None),
        Part::Last => (PART, None),
    };
    let length = 1 + if total.is_some() { 4 } else { 0 };
    out.reserve(HEADER + length + room);
    let mut fixed = [flags; HEADER + 1];
    fixed[..8].copy_from_slice(&header(length + len, kind::DATA, id));
    out.extend_from_slice(&fixed);
    if let Some(total) = total {
        out.extend_from_slice(&total.to_be_bytes());
    }
}

/// Reads a DATA.
pub(super) fn read(payload: &[u8]) -> Result<Tail, Violation> {
    let mut fields = Fields(payload);
    let [flags] = *fields.fixed().ok_or(SHORT)?;
    const MIDDLE: u8 = MORE | PART;
    match flags {
        0 | MORE => message::begun(&mut fields, flags == MORE).ok_or(SHORT)?,
        MIDDLE => message::continued(fields, Part::Middle),
        PART => message::continued(fields, Part::Last),
        _ => Err(FLAGS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_or_in_parts() {
        let total = u32::MAX;
        for (part, fixed) in [
            (Part::Whole, &[0, 0, 2, 4, 0, 0, 0, 7, 0][..]),
            (Part::First { total }, &[0, 0, 6, 4, 0, 0, 0, 7, 1, 255, 255, 255, 255]),
            (Part::Middle, &[0, 0, 2, 4, 0, 0, 0, 7, 3]),
            (Part::Last, &[0, 0, 2, 4, 0, 0, 0, 7, 2]),
        ] {
            let mut out = Vec::new();
            put_data(&mut out, 7, part, b"x");
            assert_eq!(out, [fixed, b"x"].concat());
            assert_eq!(read(&out[HEADER..]), Ok((1, part)));
            if part == Part::Whole {
                assert_eq!(data_head(7, 1), fixed);
            }
            let mut head = Vec::new();
            put_data_head(&mut head, 7, part, 1);
            assert_eq!(head, fixed);
        }
        assert_eq!(read(&[0]), Ok((0, Part::Whole)));
    }

    #[test]
    fn what_is_wrong_with_data_is_said() {
        assert_eq!(read(&[]), Err(SHORT));
        assert_eq!(read(&[4, 1]), Err(FLAGS));
        assert_eq!(read(&[MORE, 0, 0, 0]), Err(SHORT));
        for empty in [&[MORE, 0, 0, 0, 9][..], &[MORE | PART], &[PART], &[MORE, 0, 0, 0, 1, b'x']] {
            assert!(read(empty).unwrap_err().why.contains("part of a message"), "{empty:x?}");
        }
    }
}
