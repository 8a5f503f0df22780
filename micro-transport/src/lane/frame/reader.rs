use bytes::Bytes;

use super::{Frame, HEADER, Message, Violation};
use super::{call, control, data, end, goaway, kind, message, names, reply};
use crate::lane::limits::FIXED;

const LONG: Violation = Violation::new("a frame that is longer than max_frame allows");
const NO_CALL: Violation = Violation::new("a frame of a call whose id is 0");
const NO_CONNECTION: Violation = Violation::new("a frame of the connection whose id is not 0");

/// The frames in what was read, in their order. After a violation there is nothing more to read.
pub(crate) struct Frames {
    /// Messages are slices of it.
    pub(super) bytes: Bytes,
    /// Where the next frame begins; within `bytes`, or at its end.
    pub(super) at: usize,
    /// The greatest length of a frame.
    pub(super) longest: usize,
}

impl Frames {
    /// The frames in `bytes`, of a peer that was told this `max_frame`.
    pub(crate) fn new(bytes: Bytes, max_frame: u32) -> Self {
        Self { bytes, at: 0, longest: max_frame.saturating_add(FIXED) as usize }
    }

    /// The next one; `None` when it is not all there.
    #[inline(always)] // Those who read a lane take it to pieces at once; a call of its own copies it first.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'_>>, Violation> {
        let Some((header, rest)) = self.bytes[self.at..].split_first_chunk() else { return Ok(None) };
        let (length, kind, id) = parts(*header);
        if length > self.longest {
            return Err(LONG);
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        self.at += HEADER + length;
        let end = self.at;
        let message = |(len, part): message::Tail| Message { bytes: self.bytes.slice(end - len..end), part };
        Ok(Some(match kind {
            kind::CALL => {
                let (call, body) = call::read(payload)?;
                Frame::Call { id: of_call(id)?, call, message: body.map(message) }
            }
            kind::REPLY => {
                let (reply, body) = reply::read(payload)?;
                Frame::Reply { id: of_call(id)?, reply, message: body.map(message) }
            }
            kind::DATA => Frame::Data { id: of_call(id)?, message: message(data::read(payload)?) },
            _ => other(kind, id, payload)?,
        }))
    }

    /// How many bytes the frame that has begun takes in all, once its header is there.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn wanted(&self) -> Option<usize> {
        let (header, _) = self.bytes[self.at..].split_first_chunk()?;
        Some(HEADER + parts(*header).0)
    }

    /// What is left over: the frames that were not asked for, and the beginning of one.
    pub(crate) fn rest(mut self) -> Bytes {
        self.bytes.split_off(self.at)
    }
}

/// The length, the kind and the id that a header says.
fn parts(header: [u8; HEADER]) -> (usize, u8, u32) {
    let word = u64::from_be_bytes(header);
    ((word >> 40) as usize, (word >> 32) as u8, word as u32)
}

/// A frame that carries no message.
fn other(kind: u8, id: u32, payload: &[u8]) -> Result<Frame<'_>, Violation> {
    Ok(match kind {
        kind::HELLO => {
            of_connection(id)?;
            Frame::Hello(payload)
        }
        kind::END => Frame::End { id: of_call(id)?, end: end::read(payload)? },
        kind::CANCEL => {
            control::read_cancel(payload)?;
            Frame::Cancel { id: of_call(id)? }
        }
        kind::CREDIT => Frame::Credit { id, bytes: control::read_credit(payload)? },
        kind::PING => {
            of_connection(id)?;
            Frame::Ping(control::read_eight(payload)?)
        }
        kind::PONG => {
            of_connection(id)?;
            Frame::Pong(control::read_eight(payload)?)
        }
        kind::GOAWAY => {
            of_connection(id)?;
            Frame::GoAway(goaway::read(payload)?)
        }
        kind::ROUTE => {
            let (service, endpoint) = names::read_route(payload)?;
            Frame::Route { number: names::number(id)?, service, endpoint }
        }
        kind::BLOCK => Frame::Block { number: names::number(id)?, entries: payload },
        kind::FORMAT => {
            Frame::Format { number: names::format(id)?, content_type: names::read_format(payload)? }
        }
        kind::EXTENSIONS.. => Frame::Unknown(kind),
        _ => return Err(format!("a frame of kind {kind:#04x}, which is not known").into()),
    })
}

fn of_call(id: u32) -> Result<u32, Violation> {
    if id == 0 { Err(NO_CALL) } else { Ok(id) }
}

fn of_connection(id: u32) -> Result<(), Violation> {
    if id == 0 { Ok(()) } else { Err(NO_CONNECTION) }
}
