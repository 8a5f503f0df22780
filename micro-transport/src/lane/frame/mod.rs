//! The frames of a lane: each as it is written and as it is read.
//!
//! Writers append to a buffer, and trust their caller to keep to what the peer takes. The reader, [`Frames`], borrows
//! what it can: nothing is allocated or copied for a frame, and messages are slices of what was read. It finds all
//! violations that can be seen in one frame alone. Which calls run, whose turn a frame is, credit, and how often
//! anything comes is not its concern.

#[cfg(any(test, feature = "fuzzing"))]
mod again;
mod call;
mod control;
mod data;
mod end;
mod fields;
mod goaway;
mod hello;
mod message;
mod metadata;
mod names;
mod reader;
mod reply;
mod run;
mod violation;

#[cfg(test)]
pub(crate) use self::call::put_call;
pub(crate) use self::call::{CallHead, put_call_head};
pub(crate) use self::control::{put_cancel, put_credit, put_ping, put_pong};
pub(crate) use self::data::{data_head, put_data, put_data_head};
pub(crate) use self::end::{End, put_end};
pub(crate) use self::goaway::{GoAway, put_goaway};
pub(crate) use self::message::{Carried, Message, Part};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::metadata::put_entries;
pub(crate) use self::metadata::{Sent, block, entries, put_block};
pub(crate) use self::names::{Named, put_format, put_route};
pub(crate) use self::reader::Frames;
#[cfg(test)]
pub(crate) use self::reply::put_reply;
pub(crate) use self::reply::{ReplyHead, put_plain_reply_head, put_reply_head};
pub(crate) use self::run::Run;
pub(crate) use self::violation::Violation;

/// The size of what each frame begins with: the length of the rest in 24 bits, its kind, the id of its call.
pub(crate) const HEADER: usize = 8;
/// The greatest length that a frame can have behind its header.
pub(crate) const MAX_LENGTH: usize = (1 << 24) - 1;

/// The kinds of frames.
mod kind {
    pub(super) const HELLO: u8 = 0x01;
    pub(super) const CALL: u8 = 0x02;
    pub(super) const REPLY: u8 = 0x03;
    pub(super) const DATA: u8 = 0x04;
    pub(super) const END: u8 = 0x05;
    pub(super) const CANCEL: u8 = 0x06;
    pub(super) const CREDIT: u8 = 0x07;
    pub(super) const PING: u8 = 0x08;
    pub(super) const PONG: u8 = 0x09;
    pub(super) const GOAWAY: u8 = 0x0a;
    pub(super) const ROUTE: u8 = 0x0b;
    pub(super) const BLOCK: u8 = 0x0c;
    pub(super) const FORMAT: u8 = 0x0d;
    /// From here on, kinds that a version does not know are skipped.
    pub(super) const EXTENSIONS: u8 = 0x80;
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Frame<'a> {
    /// What the peer takes: for `Limits::read_hello`.
    Hello(&'a [u8]),
    /// A call begins.
    Call { id: u32, call: CallHead<'a>, message: Option<Message> },
    /// Its answer begins.
    Reply { id: u32, reply: ReplyHead<&'a [u8]>, message: Option<Message> },
    /// A message of a stream, or a part of any message.
    Data { id: u32, message: Message },
    /// One side of a call has said all.
    End { id: u32, end: End<'a> },
    /// The caller does not want the answer any more.
    Cancel { id: u32 },
    /// The peer takes so many bytes more: of a stream, or, with id 0, of all streams together.
    Credit { id: u32, bytes: u32 },
    /// Is to be answered.
    Ping([u8; 8]),
    /// The answer to a PING.
    Pong([u8; 8]),
    /// The peer wants no new calls, or goes at once.
    GoAway(GoAway<'a>),
    /// What a number in CALLs stands for, from here on.
    Route { number: u16, service: &'a str, endpoint: &'a str },
    /// The same for metadata: for [`entries`].
    Block { number: u16, entries: &'a [u8] },
    /// The same for formats.
    Format { number: u8, content_type: &'a str },
    /// A frame of an extension that this version does not know: its kind.
    Unknown(u8),
}

/// What a frame begins with.
fn header(length: usize, kind: u8, id: u32) -> [u8; HEADER] {
    debug_assert!(length <= MAX_LENGTH, "a frame of {length} bytes");
    ((length as u64) << 40 | u64::from(kind) << 32 | u64::from(id)).to_be_bytes()
}

/// As much of a text as fits into so many bytes.
fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
