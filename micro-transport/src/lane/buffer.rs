//! What was read of a lane.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::frame::HEADER;

/// How much is read at a time: first, while little comes, and when more does. What reads more at a time waits for memory
/// more than for system calls.
const SMALL: usize = 4 * 1024;
const LARGE: usize = 64 * 1024;

/// The bytes of a lane that were read. Whole frames are handed out without being copied.
#[derive(Debug)]
pub(super) struct ReadBuffer {
    bytes: BytesMut,
    size: usize,
}

impl ReadBuffer {
    /// A buffer of what was read already.
    pub(super) fn new(first: BytesMut) -> Self {
        Self { bytes: first, size: SMALL }
    }

    /// Reads once; 0 is the end. Says how much came.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Result<usize>> {
        // What has no room for a good part of a read gets a new block, or its old one if nobody keeps a message of it.
        let wanted = self.wanted().max(self.size / 4);
        if self.bytes.capacity() - self.bytes.len() < wanted {
            self.bytes.reserve(wanted.max(self.size));
        }
        let room = self.bytes.capacity() - self.bytes.len();
        let count = ready!(poll_read_buf(Pin::new(from), cx, &mut self.bytes))?;
        if count == room {
            self.size = LARGE;
        }
        Poll::Ready(Ok(count))
    }

    /// How many bytes the frame that has begun still needs, as far as that is known.
    fn wanted(&self) -> usize {
        match length(&self.bytes) {
            Some(length) => (HEADER + length).saturating_sub(self.bytes.len()),
            None => HEADER,
        }
    }

    /// All frames that are whole, and whatever comes with one that is longer than `max_frame`, which is for its reader to
    /// refuse.
    pub(super) fn frames(&mut self, max_frame: usize) -> Bytes {
        let mut end = 0;
        while let Some(length) = length(&self.bytes[end..]) {
            if length > max_frame {
                end = self.bytes.len();
                break;
            }
            if self.bytes.len() - end < HEADER + length {
                break;
            }
            end += HEADER + length;
        }
        self.bytes.split_to(end).freeze()
    }

    /// The first frame of `bytes`, as soon as it is whole, or whatever there is of one that is longer than `max_frame`.
    pub(super) fn first_frame(bytes: &mut BytesMut, max_frame: usize) -> Bytes {
        let end = match length(bytes) {
            Some(length) if length > max_frame => bytes.len(),
            Some(length) if bytes.len() >= HEADER + length => HEADER + length,
            _ => 0,
        };
        bytes.split_to(end).freeze()
    }

    /// Whether a frame has begun and is not whole.
    pub(super) fn has_begun(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// Gives back the memory, if nothing is in it.
    pub(super) fn rest(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
            self.size = SMALL;
        }
    }
}

/// The length that the header of a frame says.
fn length(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, ..] = *bytes.get(..HEADER)? else { return None };
    Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
}
