use super::fields::Fields;
use super::message::{self, Carried, Tail};
use super::metadata::Entries;
use super::{HEADER, Violation, header, kind};

const STREAM: u8 = 0x01;
const MORE: u8 = 0x02;
const METADATA: u8 = 0x04;
const TRAILERS: u8 = 0x08;
const BODY: u8 = 0x10;

const SHORT: Violation = Violation::new("a REPLY that is too short for its fields");
const FLAGS: Violation = Violation::new("a REPLY with flags that are not known, or not in this combination");
const LONG: Violation = Violation::new("a REPLY with bytes behind its fields");

/// What a REPLY has beside its message. `M` is its metadata: as bytes when it is read, as entries when it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ReplyHead<M> {
    /// Whether a stream of messages follows, in DATA frames, and then an END.
    pub(crate) stream: bool,
    /// What travels before the message.
    pub(crate) metadata: M,
    /// What travels behind it; that of a stream is in its END.
    pub(crate) trailers: M,
}

impl<M: Entries> ReplyHead<M> {
    /// Whether its metadata is within a peer's `max_header`.
    pub(crate) fn fits(&self, max_header: u32) -> bool {
        self.metadata.fit(self.trailers.length(), max_header) && self.trailers.fit(0, max_header)
    }

    /// How much of a message its frame has room for, with a peer's `max_frame`: there is always some among what the fixed
    /// fields leave.
    pub(crate) fn room(&self, max_frame: u32) -> usize {
        (max_frame as usize).saturating_sub(self.metadata.length() + self.trailers.length()).max(1)
    }
}

/// Writes a REPLY with a whole message.
#[cfg(test)]
pub(crate) fn put_reply<M: Entries>(out: &mut Vec<u8>, id: u32, head: &ReplyHead<M>, message: &[u8]) {
    put(out, id, head, Some(Carried::whole(message.len())), message.len());
    out.extend_from_slice(message);
}

/// Writes a REPLY up to its message, of which `body` is to follow.
pub(crate) fn put_reply_head<M: Entries>(
    out: &mut Vec<u8>,
    id: u32,
    head: &ReplyHead<M>,
    body: Option<Carried>,
) {
    put(out, id, head, body, 0);
}

/// Writes a REPLY with nothing but a whole message, up to that, of which so many bytes are to follow.
pub(crate) fn put_plain_reply_head(out: &mut Vec<u8>, id: u32, len: usize) {
    let mut fixed = [BODY; HEADER + 1];
    fixed[..8].copy_from_slice(&header(1 + len, kind::REPLY, id));
    out.extend_from_slice(&fixed);
}

fn put<M: Entries>(out: &mut Vec<u8>, id: u32, head: &ReplyHead<M>, body: Option<Carried>, room: usize) {
    let lists = [(METADATA, head.metadata), (TRAILERS, head.trailers)].map(|(flag, list)| {
        let length = list.length();
        (if length == 0 { 0 } else { flag }, length, list)
    });
    let more = body.filter(|body| body.is_part());
    let mut flags = if head.stream { STREAM } else { 0 };
    let mut length = 1;
    for (flag, own, _) in &lists {
        if *flag != 0 {
            flags |= flag;
            length += 4 + own;
        }
    }
    if more.is_some() {
        flags |= MORE;
        length += 4;
    }
    let carried = body.map_or(0, |body| body.len);
    if body.is_some() {
        flags |= BODY;
    }

    out.reserve(HEADER + length + room);
    let mut fixed = [flags; HEADER + 1];
    fixed[..8].copy_from_slice(&header(length + carried, kind::REPLY, id));
    out.extend_from_slice(&fixed);
    for (flag, own, list) in lists {
        if flag != 0 {
            out.extend_from_slice(&(own as u32).to_be_bytes());
            list.put(out);
        }
    }
    if let Some(more) = more {
        out.extend_from_slice(&(more.total as u32).to_be_bytes());
    }
}

/// Reads a REPLY: its head, and its message or the first part of it.
#[inline(always)] // It has one caller, and a call of its own copies what it returns.
pub(super) fn read(payload: &[u8]) -> Result<(ReplyHead<&[u8]>, Option<Tail>), Violation> {
    let mut fields = Fields(payload);
    let [flags] = *fields.fixed().ok_or(SHORT)?;
    if flags == BODY {
        // As most are: a whole message, and nothing beside it.
        let head = ReplyHead { stream: false, metadata: &[][..], trailers: &[][..] };
        return Ok((head, Some((fields.0.len(), message::Part::Whole))));
    }
    let has = |flag| flags & flag != 0;
    let combined = if has(STREAM) { flags & (BODY | MORE | TRAILERS) == 0 } else { has(BODY) || !has(MORE) };
    if flags & !(STREAM | MORE | METADATA | TRAILERS | BODY) != 0 || !combined {
        return Err(FLAGS);
    }
    let metadata = if has(METADATA) { fields.long().ok_or(SHORT)? } else { &[] };
    let trailers = if has(TRAILERS) { fields.long().ok_or(SHORT)? } else { &[] };
    let body = if has(BODY) {
        Some(message::begun(&mut fields, has(MORE)).ok_or(SHORT)??)
    } else if fields.0.is_empty() {
        None
    } else {
        return Err(LONG);
    };
    Ok((ReplyHead { stream: has(STREAM), metadata, trailers }, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lane::frame::Part;

    #[test]
    fn a_small_answer_is_its_message_and_9_bytes() {
        let mut out = Vec::new();
        let head = ReplyHead { stream: false, metadata: &[][..] as &[u8], trailers: &[] };
        put_reply(&mut out, 6, &head, b"hi");
        assert_eq!(out, [0, 0, 3, 3, 0, 0, 0, 6, 0x10, b'h', b'i']);
        assert_eq!(read(&out[HEADER..]).unwrap(), (head, Some((2, Part::Whole))));
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_said() {
        let cases: &[(&[u8], &Violation)] = &[
            (&[], &SHORT),
            (&[0x20], &FLAGS),
            (&[0x40], &FLAGS),
            (&[STREAM | BODY], &FLAGS),
            (&[STREAM | TRAILERS, 0, 0, 0, 0], &FLAGS),
            (&[MORE, 0, 0, 0, 9], &FLAGS),
            (&[0, 1], &LONG),
            (&[STREAM, 1], &LONG),
            (&[METADATA, 0, 0, 0], &SHORT),
            (&[METADATA | TRAILERS, 0, 0, 0, 0, 0, 0, 0, 1], &SHORT),
            (&[BODY | MORE, 0, 0, 0], &SHORT),
        ];
        for (payload, violation) in cases {
            assert_eq!(read(payload).as_ref(), Err(*violation), "{payload:x?}");
        }
        assert!(read(&[BODY | MORE, 0, 0, 0, 2, 1, 2]).is_err());
        assert!(read(&[BODY | MORE, 0, 0, 0, 3, 1, 2]).is_ok());
    }
}
