use super::fields::Fields;
use super::message::{self, Carried, Tail};
use super::metadata::Entries;
use super::names::{self, Named};
use super::{HEADER, Violation, header, kind};

const STREAM: u8 = 0x01;
const MORE: u8 = 0x02;
const OWN: u8 = 0x04;
const NAMED: u8 = 0x08;
const BODY: u8 = 0x10;

/// Flags, format, route, block, time.
const FIXED: usize = 14;

const SHORT: Violation = Violation::new("a CALL that is too short for its fields");
const FLAGS: Violation = Violation::new("a CALL with flags that are not known, or not in this combination");
const LONG: Violation = Violation::new("a CALL with bytes behind its fields");
const ROUTE: Violation = Violation::new("a CALL with both a route's number and its names, or with neither");
const FORMAT: Violation = Violation::new("a CALL in format 0, which is none");

/// What a CALL has beside its message. `M` is its metadata: as bytes when it is read, as entries when it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CallHead<'a, M = &'a [u8]> {
    /// Whether its request is a stream of messages, in DATA frames.
    pub(crate) stream: bool,
    /// The number of its format, not 0.
    pub(crate) format: u8,
    /// Whom it is for.
    pub(crate) route: Named<'a>,
    /// The number of the block of metadata that comes before its own, or 0.
    pub(crate) block: u16,
    /// How long it may take, in nanoseconds; 0 is no deadline.
    pub(crate) time: u64,
    /// Its own metadata.
    pub(crate) own: M,
}

impl<M: Entries> CallHead<'_, M> {
    /// Whether its names and metadata are within a peer's `max_header`.
    pub(crate) fn fits(&self, max_header: u32) -> bool {
        self.own.fit(names::length(self.route), max_header)
    }

    /// How much of a message its frame has room for, with a peer's `max_frame`: there is always some among what the fixed
    /// fields leave.
    pub(crate) fn room(&self, max_frame: u32) -> usize {
        (max_frame as usize).saturating_sub(self.own.length() + names::length(self.route)).max(1)
    }
}

/// Writes a CALL with a whole message.
#[cfg(test)]
pub(crate) fn put_call<M: Entries>(out: &mut Vec<u8>, id: u32, head: &CallHead<'_, M>, message: &[u8]) {
    put(out, id, head, Some(Carried::whole(message.len())), message.len());
    out.extend_from_slice(message);
}

/// Writes a CALL up to its message, of which `body` is to follow.
pub(crate) fn put_call_head<M: Entries>(
    out: &mut Vec<u8>,
    id: u32,
    head: &CallHead<'_, M>,
    body: Option<Carried>,
) {
    put(out, id, head, body, 0);
}

fn put<M: Entries>(out: &mut Vec<u8>, id: u32, head: &CallHead<'_, M>, body: Option<Carried>, room: usize) {
    let mut flags = if head.stream { STREAM } else { 0 };
    let mut length = FIXED;
    let number = match head.route {
        Named::Number(number) => number,
        Named::Names { .. } => {
            flags |= NAMED;
            length += names::length(head.route);
            0
        }
    };
    let own = head.own.length();
    if own != 0 {
        flags |= OWN;
        length += 4 + own;
    }
    let more = body.filter(|body| body.is_part());
    if more.is_some() {
        flags |= MORE;
        length += 4;
    }
    let carried = body.map_or(0, |body| body.len);
    if body.is_some() {
        flags |= BODY;
    }

    out.reserve(HEADER + length + room);
    let mut fixed = [0; HEADER + FIXED];
    fixed[..8].copy_from_slice(&header(length + carried, kind::CALL, id));
    fixed[8] = flags;
    fixed[9] = head.format;
    fixed[10..12].copy_from_slice(&number.to_be_bytes());
    fixed[12..14].copy_from_slice(&head.block.to_be_bytes());
    fixed[14..].copy_from_slice(&head.time.to_be_bytes());
    out.extend_from_slice(&fixed);
    names::put(out, head.route);
    if own != 0 {
        out.extend_from_slice(&(own as u32).to_be_bytes());
        head.own.put(out);
    }
    if let Some(more) = more {
        out.extend_from_slice(&(more.total as u32).to_be_bytes());
    }
}

/// Reads a CALL: its head, and its message or the first part of it.
#[inline(always)] // It has one caller, and a call of its own copies what it returns.
pub(super) fn read(payload: &[u8]) -> Result<(CallHead<'_>, Option<Tail>), Violation> {
    let mut fields = Fields(payload);
    let [flags, format, r0, r1, b0, b1, time @ ..] = *fields.fixed::<FIXED>().ok_or(SHORT)?;
    let has = |flag| flags & flag != 0;
    let combined = if has(STREAM) { !has(BODY) && !has(MORE) } else { has(BODY) || !has(MORE) };
    if flags & !(STREAM | MORE | OWN | NAMED | BODY) != 0 || !combined {
        return Err(FLAGS);
    }
    let number = u16::from_be_bytes([r0, r1]);
    if (number == 0) != has(NAMED) {
        return Err(ROUTE);
    }
    if format == 0 {
        return Err(FORMAT);
    }
    let route = if has(NAMED) { names::read(&mut fields).ok_or(SHORT)?? } else { Named::Number(number) };
    let own = if has(OWN) { fields.long().ok_or(SHORT)? } else { &[] };
    let body = if has(BODY) {
        Some(message::begun(&mut fields, has(MORE)).ok_or(SHORT)??)
    } else if fields.0.is_empty() {
        None
    } else {
        return Err(LONG);
    };
    let (block, time) = (u16::from_be_bytes([b0, b1]), u64::from_be_bytes(time));
    Ok((CallHead { stream: has(STREAM), format, route, block, time, own }, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::frame::Part;

    /// A payload with flags, a format and a route.
    fn payload(flags: u8, format: u8, route: u8, rest: &[u8]) -> Vec<u8> {
        [&[flags, format, 0, route, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], rest].concat()
    }

    #[test]
    fn a_small_call_is_its_message_and_22_bytes() {
        let mut out = Vec::new();
        let head = CallHead {
            stream: false,
            format: 2,
            route: Named::Number(3),
            block: 4,
            time: 5,
            own: &[][..] as &[u8],
        };
        put_call(&mut out, 6, &head, b"hi");
        assert_eq!(out, [0, 0, 16, 2, 0, 0, 0, 6, 0x10, 2, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, b'h', b'i']);
        assert_eq!(read(&out[HEADER..]).unwrap(), (head, Some((2, Part::Whole))));
    }

    #[test]
    fn what_is_wrong_with_a_call_is_said() {
        let cases: &[(&[u8], &Violation)] = &[
            (&payload(0, 1, 1, &[])[..13], &SHORT),
            (&payload(0x20, 1, 1, &[]), &FLAGS),
            (&payload(0x80, 1, 1, &[]), &FLAGS),
            (&payload(STREAM | BODY, 1, 1, b"x"), &FLAGS),
            (&payload(STREAM | MORE, 1, 1, &[0, 0, 0, 1]), &FLAGS),
            (&payload(MORE, 1, 1, &[0, 0, 0, 1]), &FLAGS),
            (&payload(0, 1, 0, &[]), &ROUTE),
            (&payload(NAMED, 1, 1, &[0, 0, 0, 0]), &ROUTE),
            (&payload(0, 0, 1, &[]), &FORMAT),
            (&payload(0, 1, 1, &[0]), &LONG),
            (&payload(NAMED, 1, 0, &[0, 1, b'a', 0, 1]), &SHORT),
            (&payload(OWN, 1, 1, &[0, 0, 0, 1]), &SHORT),
            (&payload(MORE | BODY, 1, 1, &[0, 0, 0]), &SHORT),
        ];
        for (payload, violation) in cases {
            assert_eq!(read(payload).as_ref(), Err(*violation), "{payload:x?}");
        }
        for (total, part) in [(2, &b"ab"[..]), (1, b"ab"), (5, b"")] {
            let error = read(&payload(MORE | BODY, 1, 1, &[&[0, 0, 0, total], part].concat())).unwrap_err();
            assert!(error.why.contains("part of a message"), "{error}");
        }
        let error = read(&payload(NAMED, 1, 0, &[0, 1, 0xff, 0, 0])).unwrap_err();
        assert!(error.why.contains("UTF-8"), "{error}");
    }
}
