//! The framing of streams, as the Connect protocol has it: <https://connectrpc.com/docs/protocol>.
//!
//! A call with a streamed request is the same `POST /` as one without, with another content type and body: the content
//! type is `application/connect+NAME`, where `NAME` is the format's short name, and the body a sequence of envelopes: a
//! byte of flags, the length as 4 bytes big-endian, and so many bytes. Flags 0 is a message. A streamed answer, whatever
//! its request was, has status 200, such a content type and such a body too; a call that fails before its first message
//! is answered as one that has no stream.
//!
//! Flags 2 is the end of an answer: JSON with the `error`, if there is one, and the trailers as `metadata`. An answer
//! without it was cut off. A stream of requests ends with its body, and has such an end only where it has trailers. The
//! `error` is Connect's (`code`, `message`), with the error as go-micro writes it under a key of ours, `micro`, so that
//! nothing of it is lost.

mod end;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use micro_core::{Error, Format, Metadata, Result};

pub(crate) use self::end::End;

/// What the content types of streams begin with.
const CONTENT_TYPE: &str = "application/connect+";
/// The size of an envelope without what is in it.
const HEAD: usize = 5;
/// The flag of a compressed message, which nobody here offers to read.
const COMPRESSED: u8 = 1;
/// The flag of the end.
const END: u8 = 2;
/// The largest end that is read, in bytes.
const MAX_END: usize = 256 * 1024;
/// What is set aside for a message before its bytes have come: a length alone costs its sender nothing.
const MAX_RESERVED: usize = 64 * 1024;

/// The content type of streams of a format's messages.
pub(crate) fn content_type(format: Format) -> String {
    format!("{CONTENT_TYPE}{}", format.name())
}

/// The short name of the format in a stream's content type; `None` for a content type that is no stream's.
pub(crate) fn format_name(content_type: &str) -> Option<&str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let (prefix, name) = essence.split_at_checked(CONTENT_TYPE.len())?;
    prefix.eq_ignore_ascii_case(CONTENT_TYPE).then_some(name)
}

/// A message in its envelope.
///
/// # Errors
/// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted) for a message whose length does not fit into 4 bytes.
pub(crate) fn message(bytes: &[u8]) -> Result<Bytes> {
    sealed(0, bytes)
}

/// The end of a stream in its envelope.
pub(crate) fn end(error: Option<&Error>, trailers: &Metadata) -> Bytes {
    // Its length fits: metadata is bounded long before.
    sealed(END, &end::json(error, trailers)).unwrap_or_default()
}

fn sealed(flags: u8, bytes: &[u8]) -> Result<Bytes> {
    let Ok(length) = u32::try_from(bytes.len()) else {
        return Err(Error::message_too_large(Some(bytes.len() as u64), u32::MAX.into(), "max_message"));
    };
    let mut out = BytesMut::with_capacity(HEAD + bytes.len());
    out.put_u8(flags);
    out.put_u32(length);
    out.put_slice(bytes);
    Ok(out.freeze())
}

/// What is in an envelope.
#[derive(Debug)]
pub(crate) enum Envelope {
    /// A message.
    Message(Bytes),
    /// The end of the stream.
    End(End),
}

/// Reads envelopes out of the pieces of a body, as they come: [`push`](Self::push) a piece, then take
/// [`next`](Self::next) until it has nothing.
#[derive(Debug)]
pub(crate) struct Decoder {
    max_message: usize,
    // What was pushed and not read yet.
    piece: Bytes,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Reading the head of an envelope, of which so many bytes are there.
    Head([u8; HEAD], usize),
    /// Reading what is in it: the part of it that came in earlier pieces.
    Inside { flags: u8, length: usize, earlier: BytesMut },
    /// The end came: there is nothing to come.
    Ended,
    /// What came is no stream of envelopes.
    Broken,
}

const START: State = State::Head([0; HEAD], 0);

impl Decoder {
    /// A decoder of messages up to a size.
    pub(crate) fn new(max_message: usize) -> Self {
        Self { max_message, piece: Bytes::new(), state: START }
    }

    /// Adds a piece of the body.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if self.piece.is_empty() {
            self.piece = piece;
        } else {
            self.piece = [&*self.piece, &*piece].concat().into();
        }
    }

    /// The next whole envelope; `None` when more of the body has to come first.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted) for a message above the limit, [`Code::Unimplemented`](micro_core::Code::Unimplemented) for a compressed one, and
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for what is no stream of envelopes. Nothing can be read after an error.
    pub(crate) fn next(&mut self) -> Result<Option<Envelope>> {
        let result = self.read();
        if result.is_err() {
            self.state = State::Broken;
            self.piece = Bytes::new();
        }
        result
    }

    /// Whether the body may end here: between two envelopes, or after the end.
    pub(crate) fn is_between(&self) -> bool {
        self.piece.is_empty() && matches!(self.state, State::Head(_, 0) | State::Ended)
    }

    fn read(&mut self) -> Result<Option<Envelope>> {
        loop {
            match &mut self.state {
                State::Head(head, filled) => {
                    let count = self.piece.len().min(HEAD - *filled);
                    self.piece.copy_to_slice(&mut head[*filled..*filled + count]);
                    *filled += count;
                    if *filled < HEAD {
                        return Ok(None);
                    }
                    let [flags, a, b, c, d] = *head;
                    let length = self.checked(flags, u32::from_be_bytes([a, b, c, d]))?;
                    self.state = State::Inside { flags, length, earlier: BytesMut::new() };
                }
                State::Inside { flags, length, earlier } => {
                    let missing = *length - earlier.len();
                    if self.piece.len() < missing {
                        if earlier.is_empty() {
                            earlier.reserve((*length).min(MAX_RESERVED));
                        }
                        earlier.extend_from_slice(&self.piece);
                        self.piece = Bytes::new();
                        return Ok(None);
                    }
                    let last = self.piece.split_to(missing);
                    let bytes = if earlier.is_empty() {
                        last
                    } else {
                        earlier.extend_from_slice(&last);
                        std::mem::take(earlier).freeze()
                    };
                    if *flags == END {
                        self.state = State::Ended;
                        return End::read(&bytes).map(Envelope::End).map(Some);
                    }
                    self.state = START;
                    return Ok(Some(Envelope::Message(bytes)));
                }
                State::Ended if self.piece.is_empty() => return Ok(None),
                State::Ended => return Err(Error::invalid_argument("a stream goes on after its end")),
                State::Broken => {
                    return Err(Error::invalid_argument("a stream is read on after an error in it"));
                }
            }
        }
    }

    /// The length that a head tells, if it may be so long.
    fn checked(&self, flags: u8, length: u32) -> Result<usize> {
        let (limit, setting) = match flags {
            0 => (self.max_message, "max_message"),
            END => (MAX_END, "the size of trailers and errors of a stream"),
            flags if flags & !END == COMPRESSED => {
                return Err(Error::unimplemented(
                    "a compressed message in a stream: send it as it is, without `Connect-Content-Encoding`",
                ));
            }
            flags => {
                return Err(Error::invalid_argument(format!(
                    "a stream has an envelope of unknown flags {flags:#04x}: is it one of the Connect protocol?"
                )));
            }
        };
        match usize::try_from(length) {
            Ok(length) if length <= limit => Ok(length),
            // What is in a stream is a part of a call that runs.
            _ => Err(Error::message_too_large(Some(length.into()), limit as u64, setting).maybe_reached()),
        }
    }
}

#[cfg(test)]
mod tests;
