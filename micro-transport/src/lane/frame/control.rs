//! The frames of a fixed size.

use super::fields::Fields;
use super::{HEADER, Violation, header, kind};
use crate::lane::limits::GREATEST_CREDIT;

const CANCEL: Violation = Violation::new("a CANCEL with a payload");
const CREDIT: Violation = Violation::new("a CREDIT whose payload is not a number of bytes");
const AMOUNT: Violation = Violation::new("a CREDIT of 0, or above the greatest credit that there is");
const PING: Violation = Violation::new("a PING or a PONG whose payload is not 8 bytes");

/// Says that a call's answer is not wanted any more.
pub(crate) fn put_cancel(out: &mut Vec<u8>, id: u32) {
    out.extend_from_slice(&header(0, kind::CANCEL, id));
}

/// Gives credit for so many bytes, not 0, to a stream or, with id 0, to all of them.
pub(crate) fn put_credit(out: &mut Vec<u8>, id: u32, bytes: u32) {
    let mut frame = [0; HEADER + 4];
    frame[..8].copy_from_slice(&header(4, kind::CREDIT, id));
    frame[8..].copy_from_slice(&bytes.to_be_bytes());
    out.extend_from_slice(&frame);
}

/// Asks whether the peer lives.
pub(crate) fn put_ping(out: &mut Vec<u8>, bytes: [u8; 8]) {
    put_eight(out, kind::PING, bytes);
}

/// Answers a PING that had these bytes.
pub(crate) fn put_pong(out: &mut Vec<u8>, bytes: [u8; 8]) {
    put_eight(out, kind::PONG, bytes);
}

fn put_eight(out: &mut Vec<u8>, kind: u8, bytes: [u8; 8]) {
    let mut frame = [0; HEADER + 8];
    frame[..8].copy_from_slice(&header(8, kind, 0));
    frame[8..].copy_from_slice(&bytes);
    out.extend_from_slice(&frame);
}

pub(super) fn read_cancel(payload: &[u8]) -> Result<(), Violation> {
    if payload.is_empty() { Ok(()) } else { Err(CANCEL) }
}

pub(super) fn read_credit(payload: &[u8]) -> Result<u32, Violation> {
    let mut fields = Fields(payload);
    let bytes = fields.u32().filter(|_| fields.0.is_empty()).ok_or(CREDIT)?;
    if bytes == 0 || bytes > GREATEST_CREDIT { Err(AMOUNT) } else { Ok(bytes) }
}

/// The bytes of a PING or a PONG.
pub(super) fn read_eight(payload: &[u8]) -> Result<[u8; 8], Violation> {
    payload.try_into().map_err(|_| PING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_a_fixed_size_have_it() {
        assert_eq!(read_cancel(&[0]), Err(CANCEL));
        assert_eq!(read_credit(&[0x7f, 255, 255, 255]), Ok(GREATEST_CREDIT));
        assert_eq!(read_credit(&[0, 0, 0]), Err(CREDIT));
        assert_eq!(read_credit(&[0, 0, 0, 1, 0]), Err(CREDIT));
        assert_eq!(read_credit(&[0, 0, 0, 0]), Err(AMOUNT));
        assert_eq!(read_credit(&[0x80, 0, 0, 0]), Err(AMOUNT));
        assert_eq!(read_eight(&[1; 7]), Err(PING));
        assert_eq!(read_eight(&[1; 9]), Err(PING));
    }
}
