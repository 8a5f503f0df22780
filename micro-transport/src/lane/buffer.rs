//! What was read of a lane.

use std::collections::VecDeque;
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
/// How much of what follows a long frame is read with it: the head of the next one, which is copied, and little more.
const AHEAD: usize = 4 * 1024;
/// How many blocks are kept to be used again while there is something to read.
const SPARE: usize = 8;

/// The bytes of a lane that were read. Whole frames are handed out without being copied.
#[derive(Debug)]
pub(super) struct ReadBuffer {
    bytes: BytesMut,
    size: usize,
    /// Blocks that were read before, the oldest first: when nobody keeps a message of one it is used again.
    spare: VecDeque<BytesMut>,
}

impl ReadBuffer {
    /// A buffer of what was read already.
    pub(super) fn new(first: BytesMut) -> Self {
        Self { bytes: first, size: SMALL, spare: VecDeque::new() }
    }

    /// Reads once; 0 is the end. Says how much came.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Result<usize>> {
        self.make_room();
        let room = self.bytes.capacity() - self.bytes.len();
        let count = ready!(poll_read_buf(Pin::new(from), cx, &mut self.bytes))?;
        if count == room {
            self.size = self.size.max(LARGE);
        }
        Poll::Ready(Ok(count))
    }

    /// What has no room for a good part of a read, or for the rest of a frame, gets a new block, or its old one if nobody
    /// keeps a message of it.
    fn make_room(&mut self) {
        let wanted = self.wanted();
        let least = if wanted < LARGE / 4 { wanted.max(self.size.min(LARGE) / 4) } else { wanted };
        if self.bytes.capacity() - self.bytes.len() >= least {
            return;
        }
        // A long frame has a block of its own size: one that grew would be copied, and twice as large as it need be.
        let size = if wanted > 0 && self.bytes.len() + wanted + AHEAD > LARGE {
            wanted + AHEAD
        } else {
            wanted.max(self.size)
        };
        if !self.bytes.try_reclaim(size) {
            let mut block = self.block(self.bytes.len() + size);
            block.extend_from_slice(&self.bytes);
            self.spare.push_back(std::mem::replace(&mut self.bytes, block));
        }
    }

    /// An empty block of this size.
    fn block(&mut self, size: usize) -> BytesMut {
        if let Some(mut oldest) = self.spare.pop_front() {
            oldest.clear();
            if oldest.try_reclaim(size) {
                return oldest;
            }
            if self.spare.len() < SPARE - 1 {
                self.spare.push_front(oldest);
            }
        }
        BytesMut::with_capacity(size)
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
        let bytes = &*self.bytes;
        let (mut end, mut count, mut longest) = (0, 0, 0);
        while let Some(length) = whole(&bytes[end..], max_frame) {
            end += length;
            count += 1;
            longest = longest.max(length);
        }
        if count >= many {
            end = (0..count / 2).fold(0, |end, _| end + whole(&bytes[end..], max_frame).unwrap_or_default());
        }
        // Where a long frame came, others as long may follow, and each is read at once.
        if longest + AHEAD > LARGE {
            self.size = longest.min(HEADER + max_frame) + AHEAD;
        } else if end > 0 {
            self.size = self.size.min(LARGE);
        }
        self.bytes.split_to(end).freeze()
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
            *self = Self::new(BytesMut::new());
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
    use std::task::Waker;

    use super::super::frame::{Part, put_data};
    use super::*;

    const MAX_FRAME: usize = 128 * 1024;

    /// Everything that comes of `count` messages of `size` bytes.
    fn sent(count: u8, size: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for index in 0..count {
            put_data(&mut out, 1, Part::Whole, &vec![index; size]);
        }
        out
    }

    /// Reads all of it, and calls `see` with what each read brought.
    fn read(buffer: &mut ReadBuffer, mut from: &[u8], mut see: impl FnMut(&ReadBuffer, Bytes)) {
        let mut cx = Context::from_waker(Waker::noop());
        while !from.is_empty() {
            let Poll::Ready(Ok(1..)) = buffer.poll_read(&mut cx, &mut from) else { panic!("nothing came") };
            let frames = buffer.frames(MAX_FRAME, usize::MAX);
            see(buffer, frames);
        }
    }

    #[test]
    fn a_long_frame_has_a_block_of_its_size() {
        for size in [LARGE - 9, LARGE, LARGE + 9, 100_000] {
            let (count, sent) = (20, sent(20, size));
            let mut buffer = ReadBuffer::new(BytesMut::new());
            // They are all kept, so that no block is used again.
            let (mut kept, mut reads) = (Vec::new(), 0);
            read(&mut buffer, &sent, |buffer, frames| {
                reads += 1;
                let most = HEADER + 1 + size + 2 * AHEAD;
                assert!(buffer.bytes.capacity() + frames.len() <= most, "{size}");
                kept.push(frames);
            });
            assert!(kept.concat() == sent, "{size}");
            assert!(reads <= count + 3, "{reads} reads of messages of {size} bytes");
        }
    }

    #[test]
    fn a_block_that_nobody_keeps_is_used_again() {
        for size in [20, 5_000, LARGE, 100_000] {
            let sent = sent(40, size);
            let mut buffer = ReadBuffer::new(BytesMut::new());
            let mut blocks = Vec::new();
            read(&mut buffer, &sent, |_, frames| {
                if !frames.is_empty()
                    && blocks.last().is_none_or(|block| frames.as_ptr().addr().abs_diff(*block) > MAX_FRAME)
                {
                    blocks.push(frames.as_ptr().addr());
                }
            });
            assert!(blocks.len() <= 3, "{} blocks for messages of {size} bytes", blocks.len());
            buffer.rest();
            assert_eq!(buffer.bytes.capacity(), 0, "one that is idle keeps nothing");
        }
    }

    #[test]
    fn few_blocks_are_kept_whatever_is_kept_of_them() {
        let sent = sent(50, LARGE);
        let mut buffer = ReadBuffer::new(BytesMut::new());
        let mut kept = Vec::new();
        read(&mut buffer, &sent, |buffer, frames| {
            kept.push(frames);
            assert!(buffer.spare.len() <= SPARE);
        });
        assert!(kept.concat() == sent);
        // Of those that nobody needs any more one is used again, and none is left when it is idle.
        kept.clear();
        let oldest = buffer.spare[0].as_ptr().addr();
        let block = buffer.block(LARGE);
        assert!(oldest.abs_diff(block.as_ptr().addr()) <= LARGE + AHEAD + HEADER + 1, "a new block");
        buffer.rest();
        assert_eq!((buffer.bytes.capacity(), buffer.spare.len()), (0, 0));
    }

    #[test]
    fn little_is_read_at_a_time_until_more_comes() {
        let mut buffer = ReadBuffer::new(BytesMut::new());
        read(&mut buffer, &sent(3, 20), |buffer, _| assert!(buffer.bytes.capacity() <= SMALL));
        let mut reads = 0;
        let all = sent(200, 5_000);
        read(&mut buffer, &all, |_, _| reads += 1);
        assert!(reads <= all.len() / LARGE * 2, "{reads} reads");
        // And after long ones it is as before.
        read(&mut buffer, &sent(4, 100_000), |_, _| {});
        read(&mut buffer, &sent(200, 20), |_, _| {});
        assert_eq!(buffer.size, LARGE);
    }

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
