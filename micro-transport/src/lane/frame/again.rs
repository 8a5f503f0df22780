//! For tests and fuzzing: what was read is written again.

use super::metadata::Entries;
use super::*;
use crate::lane::limits::Limits;

impl Frame<'_> {
    /// Writes it as it was read.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello(fields) => {
                out.extend_from_slice(&header(fields.len(), kind::HELLO, 0));
                out.extend_from_slice(fields);
            }
            Self::Call { id, call, message } => {
                put_call_head(out, *id, call, message.as_ref().map(Message::carried));
                out.extend_from_slice(message.as_ref().map_or(&[], |message| &message.bytes));
            }
            Self::Reply { id, reply, message } => {
                put_reply_head(out, *id, reply, message.as_ref().map(Message::carried));
                out.extend_from_slice(message.as_ref().map_or(&[], |message| &message.bytes));
            }
            Self::Data { id, message } => put_data(out, *id, message.part, &message.bytes),
            Self::End { id, end } => put_end(out, *id, end),
            Self::Cancel { id } => put_cancel(out, *id),
            Self::Credit { id, bytes } => put_credit(out, *id, *bytes),
            Self::Ping(bytes) => put_ping(out, *bytes),
            Self::Pong(bytes) => put_pong(out, *bytes),
            Self::GoAway(goaway) => put_goaway(out, goaway),
            Self::Route { number, service, endpoint } => put_route(out, *number, service, endpoint),
            Self::Block { number, entries } => put_block(out, *number, *entries),
            Self::Format { number, content_type } => put_format(out, *number, content_type),
            Self::Unknown(kind) => out.extend_from_slice(&header(0, *kind, 0)),
        }
    }

    /// What is read in a second step: whether that is sound, and then whether it reads the same once it is written.
    ///
    /// # Panics
    /// When it reads otherwise.
    pub(crate) fn check(&self) -> Result<(), Violation> {
        let lists: &[&[u8]] = match self {
            Self::Hello(fields) => {
                let limits = Limits::read_hello(fields)?;
                let mut out = Vec::new();
                limits.put_hello(&mut out);
                assert_eq!(Limits::read_hello(&out[HEADER..]), Ok(limits), "a HELLO");
                &[]
            }
            Self::Call { call, .. } => &[call.own],
            Self::Reply { reply, .. } => &[reply.metadata, reply.trailers],
            Self::End { end: End::Trailers(entries), .. } | Self::Block { entries, .. } => &[entries],
            _ => &[],
        };
        for list in lists {
            let metadata = entries(list)?;
            let mut out = Vec::new();
            put_entries(&metadata, &mut out);
            assert_eq!(out.len(), (&metadata).length(), "the length of metadata");
            assert_eq!(entries(&out), Ok(metadata), "metadata");
        }
        Ok(())
    }
}

impl Message {
    fn carried(&self) -> Carried {
        let len = self.bytes.len();
        match self.part {
            Part::First { total } => Carried { len, total: total as usize },
            _ => Carried::whole(len),
        }
    }
}
