//! [`Messages`]: a few messages of a stream, on their way together.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::message::Written;
use crate::{Error, Result};

/// From which size on a message is passed on as it is. Smaller ones are copied together, which costs less than what
/// tells who still uses a block of memory.
const LARGE: usize = 1024;
/// Stands for the length of a large message.
const ELSEWHERE: u32 = u32::MAX;
/// How much memory is kept by those that are empty.
const KEPT: usize = 512;

/// Messages of a stream, encoded, in their order: what passes between a handler and its connection at once. Small ones
/// lie one behind the other in one block, with room for the heads of their frames.
#[derive(Default)]
pub struct Messages {
    /// Each behind as many bytes as [`HEAD`](Self::HEAD) says.
    small: BytesMut,
    /// How much of `small` belongs to messages that were taken, and to messages at all.
    at: usize,
    end: usize,
    /// Of all messages, those that were taken too.
    lengths: Vec<u32>,
    taken: usize,
    large: VecDeque<Bytes>,
    block: Option<Block>,
    bytes: usize,
}

/// Messages that lie in what was read.
struct Block {
    bytes: Bytes,
    /// How much of it belongs to messages that were taken.
    at: usize,
    count: usize,
}

impl Block {
    /// Where the first message is.
    fn first(&self) -> Option<Range<usize>> {
        let [a, b, c, ..] = *self.bytes.get(self.at..)?.first_chunk::<{ Messages::HEAD }>()?;
        let start = self.at + Messages::HEAD;
        let end = start + (usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)).checked_sub(1)?;
        (end <= self.bytes.len()).then_some(start..end)
    }

    /// The same, and it is taken.
    fn take(&mut self) -> Option<Range<usize>> {
        let first = self.first().filter(|_| self.count > 0)?;
        self.at = first.end;
        self.count -= 1;
        Some(first)
    }

    fn piece(&self, message: Range<usize>) -> Piece<'_> {
        if message.len() < LARGE {
            Piece::Small(&self.bytes[message])
        } else {
            Piece::Large(self.bytes.slice(message))
        }
    }
}

/// A message where it is.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// One of few bytes, which are to be copied.
    Small(&'a [u8]),
    /// One that need not be copied.
    Large(Bytes),
}

impl Messages {
    /// How much room there is in front of each small message: as much as the head of a frame of the lane takes.
    pub const HEAD: usize = 9;

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len() - self.taken + self.block.as_ref().map_or(0, |block| block.count)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.len() == self.taken && self.block.is_none()
    }

    /// How many bytes they have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Puts a message behind the others, as it is.
    pub fn push(&mut self, message: Bytes) {
        self.tidy();
        self.bytes += message.len();
        self.lengths.push(ELSEWHERE);
        self.large.push_back(message);
    }

    /// Puts in `count` messages of `bytes` bytes together that lie in what was read, each behind its head: as many bytes as
    /// [`HEAD`](Self::HEAD) says, of which the first three are the length of the message and one, as a big-endian number.
    pub fn put_block(&mut self, block: Bytes, count: usize, bytes: usize) {
        self.tidy();
        self.bytes += bytes;
        let block = Block { bytes: block, at: 0, count };
        if self.lengths.is_empty() && count > 0 {
            self.block = Some(block);
        } else {
            self.unpack(block);
        }
    }

    /// Makes ready for one more: forgets those that were taken, if there are no others, and makes messages that were read
    /// such as any.
    #[inline]
    fn tidy(&mut self) {
        if self.lengths.len() == self.taken {
            self.small.clear();
            self.lengths.clear();
            (self.at, self.end, self.taken) = (0, 0, 0);
        }
        if let Some(block) = self.block.take() {
            self.unpack(block);
        }
    }

    fn unpack(&mut self, mut block: Block) {
        while let Some(message) = block.take() {
            self.lengths.push(ELSEWHERE);
            self.large.push_back(block.bytes.slice(message));
        }
    }

    /// Puts in one that was just written.
    pub(crate) fn put(&mut self, message: Written<'_>) {
        match message {
            Written::Buffer(buffer) if buffer.len() < LARGE => self.copy(buffer),
            message => self.push(message.into_bytes()),
        }
    }

    fn copy(&mut self, message: &[u8]) {
        self.begin();
        self.small.extend_from_slice(message);
        self.small_is_put(message.len());
    }

    /// Writes one behind the others, where a small one is to lie. Says how many bytes it has.
    ///
    /// # Errors
    /// Those of `write`.
    pub(crate) fn write(&mut self, write: impl FnOnce(&mut BytesMut) -> Result<()>) -> Result<usize> {
        self.begin();
        write(&mut self.small)?;
        let start = self.end + Self::HEAD;
        let Some(length) = self.small.len().checked_sub(start) else {
            self.small.resize(self.end, 0);
            return Err(Error::internal("a message took away what was written before it"));
        };
        if length < LARGE {
            self.small_is_put(length);
        } else {
            let message = self.small.split_off(start);
            self.push(message.freeze());
        }
        Ok(length)
    }

    /// Makes room for the head of a small one, where nothing is left of one that failed.
    #[inline]
    fn begin(&mut self) {
        self.tidy();
        self.small.truncate(self.end);
        self.small.extend_from_slice(&[0; Self::HEAD]);
    }

    /// A small one lies behind its head.
    #[inline]
    fn small_is_put(&mut self, length: usize) {
        self.bytes += length;
        self.lengths.push(length as u32);
        self.end += Self::HEAD + length;
    }

    /// Puts those of another one behind these.
    pub(crate) fn append(&mut self, other: &mut Self) {
        while let Some(message) = other.pop() {
            self.push(message);
        }
    }

    /// Whether a message of this size is a large one.
    pub(crate) fn is_large(length: usize) -> bool {
        length >= LARGE
    }

    /// How many bytes the first one has.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        if let Some(block) = &self.block {
            return block.first().map(|message| message.len());
        }
        match *self.lengths.get(self.taken)? {
            ELSEWHERE => self.large.front().map(Bytes::len),
            length => Some(length as usize),
        }
    }

    /// Reads the first one where it is, and forgets it.
    pub fn read<R>(&mut self, read: impl FnOnce(Piece<'_>) -> R) -> Option<R> {
        if let Some(block) = &mut self.block {
            let message = block.take()?;
            self.bytes -= message.len();
            let result = read(block.piece(message));
            self.block.take_if(|block| block.count == 0);
            return Some(result);
        }
        let length = *self.lengths.get(self.taken)?;
        self.taken += 1;
        if length == ELSEWHERE {
            let message = self.large.pop_front()?;
            self.bytes -= message.len();
            return Some(read(Piece::Large(message)));
        }
        let length = length as usize;
        self.bytes -= length;
        let start = self.at + Self::HEAD;
        self.at = start + length;
        Some(read(Piece::Small(&self.small[start..self.at])))
    }

    /// Takes the small messages that come first, as long as `begin` wants them: it is given the length of each, and fills
    /// in the room in front of it. Says what that comes to, one behind the other.
    pub fn take_small(&mut self, mut begin: impl FnMut(usize, &mut [u8; Self::HEAD]) -> bool) -> &[u8] {
        let start = self.at;
        for length in self.lengths.iter().skip(self.taken).take_while(|length| **length != ELSEWHERE) {
            let length = *length as usize;
            let Some(head) = self.small[self.at..].first_chunk_mut() else { break };
            if !begin(length, head) {
                break;
            }
            self.taken += 1;
            self.bytes -= length;
            self.at += Self::HEAD + length;
        }
        &self.small[start..self.at]
    }

    /// Takes the first one out.
    pub fn pop(&mut self) -> Option<Bytes> {
        if let Some(block) = &mut self.block {
            let message = block.take()?;
            self.bytes -= message.len();
            let message = block.bytes.slice(message);
            self.block.take_if(|block| block.count == 0);
            return Some(message);
        }
        let length = *self.lengths.get(self.taken)?;
        self.taken += 1;
        let message = if length == ELSEWHERE {
            self.large.pop_front()?
        } else {
            let before = std::mem::take(&mut self.at) + Self::HEAD;
            self.end -= before + length as usize;
            self.small.advance(before);
            self.small.split_to(length as usize).freeze()
        };
        self.bytes -= message.len();
        Some(message)
    }

    /// Gives back memory, if there are none: for who waits.
    pub fn rest(&mut self) {
        if self.is_empty() && self.small.capacity() + self.lengths.capacity() > KEPT {
            *self = Self::default();
        }
    }
}

impl Debug for Messages {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("len", &self.len()).field("bytes", &self.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of many sizes, small and large between each other.
    fn samples() -> Vec<Bytes> {
        let sizes = [0, 1, 26, LARGE - 1, LARGE, 3, 70_000, 0, 5];
        sizes.iter().enumerate().map(|(index, size)| vec![index as u8; *size].into()).collect()
    }

    #[test]
    fn messages_come_out_in_their_order() {
        let mut messages = Messages::default();
        for _ in 0..2 {
            let samples = samples();
            for (index, message) in samples.iter().enumerate() {
                match index {
                    // Those that go out as they are, and those that were just written.
                    1 => messages.push(message.clone()),
                    _ if message.len() < LARGE => {
                        messages.put(Written::Buffer(&mut BytesMut::from(&message[..])));
                    }
                    _ => messages.put(Written::Bytes(message.clone())),
                }
            }
            let mut rest = samples.iter().map(Bytes::len).sum::<usize>();
            for (index, message) in samples.iter().enumerate() {
                assert_eq!((messages.len(), messages.bytes()), (samples.len() - index, rest));
                rest -= message.len();
                assert_eq!(messages.first(), Some(message.len()));
                if index % 2 == 0 {
                    assert_eq!(messages.pop().unwrap(), message);
                    continue;
                }
                messages.read(|piece| match piece {
                    Piece::Small(bytes) => assert!(bytes.len() < LARGE && index != 1 && bytes == message),
                    Piece::Large(bytes) => {
                        assert_eq!(bytes.as_ptr(), message.as_ptr(), "large ones are not copied");
                    }
                });
            }
            assert!(messages.is_empty() && messages.pop().is_none() && messages.first().is_none());
            assert!(messages.read(|_| ()).is_none());
            assert_eq!((messages.len(), messages.bytes()), (0, 0));
        }
    }

    #[test]
    fn small_ones_are_taken_together() {
        let mut messages = Messages::default();
        let put = |messages: &mut Messages, text: &str| {
            messages.put(Written::Buffer(&mut BytesMut::from(text)));
        };
        for text in ["one", "", "three", "four"] {
            put(&mut messages, text);
        }
        messages.push(Bytes::from_static(b"five"));
        put(&mut messages, "six");
        assert_eq!(messages.pop().unwrap(), "one");
        let mut left = 2;
        let mut begin = |size: usize, head: &mut [u8; Messages::HEAD]| {
            *head = [b'0' + size as u8; Messages::HEAD];
            left -= 1;
            left >= 0
        };
        assert_eq!(messages.take_small(&mut begin), b"000000000555555555three");
        assert_eq!((messages.len(), messages.bytes()), (3, 11));
        assert_eq!(messages.take_small(&mut begin), b"");
        let mut begin = |_: usize, head: &mut [u8; Messages::HEAD]| {
            *head = [b'-'; Messages::HEAD];
            true
        };
        assert_eq!(messages.take_small(&mut begin), b"---------four");
        assert_eq!(messages.take_small(&mut begin), b"", "the next one is elsewhere");
        assert_eq!(messages.pop().unwrap(), "five");
        assert_eq!(messages.take_small(&mut begin), b"---------six");
        assert!(messages.is_empty() && messages.bytes() == 0);
        put(&mut messages, "seven");
        assert_eq!(messages.pop().unwrap(), "seven");
    }

    #[test]
    fn messages_may_lie_in_what_was_read() {
        for unpacked in [false, true] {
            let mut messages = Messages::default();
            let head = [0_u8, 0, 3, 4, 0, 0, 0, 7, 0];
            let block: Vec<u8> =
                ["aa", "bb", "cc"].iter().flat_map(|text| [&head[..], text.as_bytes()].concat()).collect();
            messages.put_block(block.into(), 3, 6);
            assert_eq!((messages.len(), messages.bytes(), messages.is_empty()), (3, 6, false));
            assert_eq!(messages.pop().unwrap(), "aa");
            if unpacked {
                messages.push(Bytes::from_static(b"more"));
                assert_eq!(messages.first(), Some(2));
            }
            for expected in ["bb", "cc", "more"].into_iter().take(if unpacked { 3 } else { 2 }) {
                assert_eq!(messages.pop().unwrap(), expected);
            }
            assert_eq!((messages.len(), messages.bytes(), messages.pop()), (0, 0, None));
        }
    }

    #[test]
    fn those_that_are_empty_keep_little() {
        let mut messages = Messages::default();
        for _ in 0..100 {
            messages.put(Written::Buffer(&mut BytesMut::from(&[1; 100][..])));
        }
        messages.rest();
        assert_eq!(messages.len(), 100, "what is there stays");
        while messages.pop().is_some() {}
        messages.rest();
        assert_eq!(messages.small.capacity() + messages.lengths.capacity(), 0);
    }
}
