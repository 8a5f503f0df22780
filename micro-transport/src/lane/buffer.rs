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
pub(super) const LARGE: usize = 64 * 1024;

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
            self.make_room(wanted.max(self.size));
        }
        let room = self.bytes.capacity() - self.bytes.len();
        let count = ready!(poll_read_buf(Pin::new(from), cx, &mut self.bytes))?;
        if count == room {
            self.size = LARGE;
        }
        Poll::Ready(Ok(count))
    }

    /// Makes room for so many bytes behind those there are. A block is never larger than that, so that a message keeps no
    /// more than that for itself.
    fn make_room(&mut self, more: usize) {
        if !self.bytes.try_reclaim(more) {
            let mut block = BytesMut::with_capacity(self.bytes.len() + more);
            block.extend_from_slice(&self.bytes);
            self.bytes = block;
        }
    }

    /// How many bytes the frame that has begun still needs, as far as that is known.
    fn wanted(&self) -> usize {
        match length(&self.bytes) {
            Some(length) => (HEADER + length).saturating_sub(self.bytes.len()),
            None => HEADER,
        }
    }

    /// The frames that are whole, and whatever comes with one that is longer than `max_frame`, which is for its reader to
    /// refuse: all of them, or, where there are `many` or more, the first half.
    pub(super) fn frames(&mut self, max_frame: usize, many: usize) -> Bytes {
        let (mut end, mut half, mut count) = (0, 0, 0);
        while let Some(length) = whole(&self.bytes[end..], max_frame) {
            end += length;
            count += 1;
            if count % 2 == 0 {
                half += whole(&self.bytes[half..], max_frame).unwrap_or_default();
            }
        }
        self.bytes.split_to(if count < many { end } else { half }).freeze()
    }

    /// Whether `frames` would have any.
    pub(super) fn has_frames(&self, max_frame: usize) -> bool {
        whole(&self.bytes, max_frame).is_some()
    }

    /// The first frame of `bytes`, as soon as it is whole, or whatever there is of one that is longer than `max_frame`.
    pub(super) fn first_frame(bytes: &mut BytesMut, max_frame: usize) -> Bytes {
        let end = whole(bytes, max_frame).unwrap_or_default();
        bytes.split_to(end).freeze()
    }

    /// Whether there is anything that was not handed out.
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

/// Where the first frame ends, if it is whole, or all that there is with one that is longer than `max_frame`.
fn whole(bytes: &[u8], max_frame: usize) -> Option<usize> {
    let length = length(bytes)?;
    if length > max_frame {
        return Some(bytes.len());
    }
    (bytes.len() >= HEADER + length).then_some(HEADER + length)
}

/// The length that the header of a frame says.
fn length(bytes: &[u8]) -> Option<usize> {
    let [a, b, c, ..] = *bytes.get(..HEADER)? else { return None };
    Some(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many frames of one byte.
    fn buffer(frames: usize) -> ReadBuffer {
        ReadBuffer::new([0, 0, 1, 0, 0, 0, 0, 0, b'x'].repeat(frames).as_slice().into())
    }

    /// How many frames are handed out each time.
    fn counts(mut buffer: ReadBuffer, many: usize) -> Vec<usize> {
        let mut counts = Vec::new();
        while buffer.has_frames(100) {
            counts.push(buffer.frames(100, many).len() / (HEADER + 1));
        }
        counts
    }

    #[test]
    fn many_frames_are_handed_out_by_halves() {
        assert_eq!(counts(buffer(3), usize::MAX), [3]);
        assert_eq!(counts(buffer(47), 48), [47]);
        assert_eq!(counts(buffer(48), 48), [24, 24]);
        assert_eq!(counts(buffer(201), 48), [100, 50, 25, 26]);
    }

    #[test]
    fn what_is_not_whole_stays() {
        let mut cut = buffer(2);
        cut.bytes.truncate(HEADER + 1 + 4);
        assert_eq!(cut.frames(100, 48).len(), HEADER + 1);
        assert!(cut.has_begun() && !cut.has_frames(100));
        assert!(cut.frames(100, 48).is_empty());
    }

    #[test]
    fn what_is_too_long_is_handed_out_with_all_that_came() {
        let mut long = buffer(1);
        long.bytes.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, b'x']);
        assert!(long.has_frames(100));
        assert_eq!(long.frames(100, 48).len(), 2 * (HEADER + 1));
        assert!(!long.has_begun());
    }
}
