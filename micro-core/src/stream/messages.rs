//! [`Messages`]: a few messages of a stream, on their way together.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};

use bytes::{Buf, Bytes, BytesMut};

use crate::message::Written;

/// From which size on a message is passed on as it is. Smaller ones are copied together, which costs less than what
/// tells who still uses a block of memory.
const LARGE: usize = 1024;
/// Stands for the length of a large message.
const ELSEWHERE: u32 = u32::MAX;
/// How much memory is kept by those that are empty.
const KEPT: usize = 512;

/// Messages of a stream, encoded, in their order: what passes between a handler and its connection at once. Small ones
/// lie one behind the other in one block.
#[derive(Default)]
pub struct Messages {
    small: BytesMut,
    /// How much of `small` belongs to messages that were taken.
    at: usize,
    /// Of all messages, those that were taken too.
    lengths: Vec<u32>,
    taken: usize,
    large: VecDeque<Bytes>,
    block: Option<Block>,
    bytes: usize,
}

/// Messages that lie in what was read.
struct Block {
    rest: Bytes,
    count: usize,
    next: Next,
}

/// Takes a message off the front of a block; `None` where there is none.
type Next = fn(&mut Bytes) -> Option<Bytes>;

/// A message where it is.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// One of few bytes, which are to be copied.
    Small(&'a [u8]),
    /// One that need not be copied.
    Large(&'a Bytes),
}

impl Piece<'_> {
    /// How many bytes the message has.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Small(bytes) => bytes.len(),
            Self::Large(bytes) => bytes.len(),
        }
    }
}

impl Messages {
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
        self.unpack();
        self.bytes += message.len();
        self.lengths.push(ELSEWHERE);
        self.large.push_back(message);
    }

    /// Puts in `count` messages of `bytes` bytes together that lie in what was read: `next` takes one after the other out
    /// of `block`. For who has none yet.
    pub fn put_block(
        &mut self,
        block: Bytes,
        count: usize,
        bytes: usize,
        next: fn(&mut Bytes) -> Option<Bytes>,
    ) {
        self.unpack();
        self.bytes += bytes;
        self.block = (count > 0).then_some(Block { rest: block, count, next });
        if !self.lengths.is_empty() {
            self.unpack();
        }
    }

    /// Makes messages that were read such as any.
    fn unpack(&mut self) {
        let Some(mut block) = self.block.take() else { return };
        while block.count > 0
            && let Some(message) = (block.next)(&mut block.rest)
        {
            block.count -= 1;
            self.lengths.push(ELSEWHERE);
            self.large.push_back(message);
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
        self.unpack();
        self.bytes += message.len();
        self.lengths.push(message.len() as u32);
        self.small.extend_from_slice(message);
    }

    /// The first one.
    #[must_use]
    pub fn first(&mut self) -> Option<Piece<'_>> {
        self.unpack();
        match *self.lengths.get(self.taken)? {
            ELSEWHERE => self.large.front().map(Piece::Large),
            length => Some(Piece::Small(&self.small[self.at..][..length as usize])),
        }
    }

    /// Forgets the first one.
    pub fn skip(&mut self) {
        self.unpack();
        let Some(length) = self.lengths.get(self.taken) else { return };
        self.taken += 1;
        if *length == ELSEWHERE {
            self.bytes -= self.large.pop_front().map_or(0, |message| message.len());
        } else {
            self.bytes -= *length as usize;
            self.at += *length as usize;
        }
        self.tidy();
    }

    /// Takes the first one out.
    pub fn pop(&mut self) -> Option<Bytes> {
        if let Some(block) = &mut self.block {
            let message = (block.next)(&mut block.rest)?;
            self.bytes -= message.len();
            block.count -= 1;
            if block.count == 0 {
                self.block = None;
            }
            return Some(message);
        }
        let length = *self.lengths.get(self.taken)?;
        self.taken += 1;
        let message = if length == ELSEWHERE {
            self.large.pop_front().unwrap_or_default()
        } else {
            self.small.advance(std::mem::take(&mut self.at));
            self.small.split_to(length as usize).freeze()
        };
        self.bytes -= message.len();
        self.tidy();
        Some(message)
    }

    fn tidy(&mut self) {
        if self.is_empty() {
            self.small.clear();
            self.lengths.clear();
            (self.at, self.taken) = (0, 0);
        }
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
                match messages.first().unwrap() {
                    Piece::Small(bytes) => assert!(bytes.len() < LARGE && index != 1 && bytes == message),
                    Piece::Large(bytes) => {
                        assert_eq!(bytes.as_ptr(), message.as_ptr(), "large ones are not copied");
                    }
                }
                if index % 2 == 0 {
                    messages.skip();
                } else {
                    assert_eq!(messages.pop().unwrap(), message);
                }
            }
            assert!(messages.is_empty() && messages.pop().is_none() && messages.first().is_none());
            messages.skip();
            assert_eq!((messages.len(), messages.bytes()), (0, 0));
        }
    }

    /// Takes off a message of two bytes.
    fn two(block: &mut Bytes) -> Option<Bytes> {
        (block.len() >= 2).then(|| block.split_to(2))
    }

    #[test]
    fn messages_may_lie_in_what_was_read() {
        for unpacked in [false, true] {
            let mut messages = Messages::default();
            messages.put_block(Bytes::from_static(b"aabbcc"), 3, 6, two);
            assert_eq!((messages.len(), messages.bytes(), messages.is_empty()), (3, 6, false));
            assert_eq!(messages.pop().unwrap(), "aa");
            if unpacked {
                messages.push(Bytes::from_static(b"more"));
                assert_eq!(messages.first().unwrap().size(), 2);
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
