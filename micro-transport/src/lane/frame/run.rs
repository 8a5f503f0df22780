use bytes::{Buf, Bytes};
use micro_core::Messages;

use super::{Frames, HEADER, kind};

/// What comes before the message in a DATA with a whole one.
pub(crate) const HEAD: usize = Messages::HEAD;

/// How many messages are together at most.
const MOST: u32 = 512;

/// Whole messages of one call, in frames that came one behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: u32,
    /// The frames; there is at least one.
    frames: Bytes,
    count: u32,
    /// How long the last message is.
    last: u32,
}

impl Frames {
    /// The messages of a stream that come next, if no frame comes before them and none is longer than `most`.
    #[inline(always)] // What comes next mostly is something else, which is seen by one look.
    pub(crate) fn run(&mut self, most: usize) -> Option<Run> {
        if *self.bytes.get(self.at + 3)? != kind::DATA {
            return None;
        }
        self.run_of_data(most)
    }

    fn run_of_data(&mut self, most: usize) -> Option<Run> {
        let bytes = &self.bytes[self.at..];
        // But for its length, the head of each of them is that of the first one.
        let [_, _, _, same @ ..] = bytes.first_chunk::<HEAD>()?;
        let [_, id @ .., flags] = *same;
        let id = u32::from_be_bytes(id);
        if flags != 0 || id == 0 {
            return None;
        }
        let longest = most.saturating_add(1).min(self.longest);
        let (mut end, mut last, mut count) = (0, 0, 0);
        while let Some((head, rest)) = bytes[end..].split_first_chunk::<HEAD>()
            && head[3..] == *same
            && count < MOST
        {
            let length = length(head);
            if length == 0 || length > longest || rest.len() < length - 1 {
                break;
            }
            end += HEADER + length;
            last = length as u32 - 1;
            count += 1;
        }
        if count == 0 {
            return None;
        }
        let frames = self.bytes.slice(self.at..self.at + end);
        self.at += end;
        Some(Run { id, frames, count, last })
    }
}

/// How long the rest of a DATA is: its flags, and a message.
fn length(head: &[u8; HEAD]) -> usize {
    usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])
}

impl Run {
    /// How many messages there are.
    pub(crate) fn count(&self) -> usize {
        self.count as usize
    }

    /// How many bytes they have together.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.len() - self.count() * HEAD
    }

    /// How many the last one has.
    pub(crate) fn last(&self) -> usize {
        self.last as usize
    }

    /// The memory that they lie in.
    pub(crate) fn block(&mut self) -> &mut Bytes {
        &mut self.frames
    }

    /// Takes the first one out.
    pub(crate) fn pop(&mut self) -> Option<Bytes> {
        let length = length(self.frames.first_chunk()?).checked_sub(1)?;
        self.frames.advance(HEAD);
        self.count = self.count.saturating_sub(1);
        Some(self.frames.split_to(length.min(self.frames.len())))
    }

    /// Hands out all of them.
    pub(crate) fn put(self, messages: &mut Messages) {
        let (count, bytes) = (self.count(), self.bytes());
        messages.put_block(self.frames, count, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Frame, Part, put_credit, put_data};
    use super::*;

    fn frames(most: usize, write: impl FnOnce(&mut Vec<u8>)) -> Frames {
        let mut out = Vec::new();
        write(&mut out);
        assert!(most < 1000);
        Frames::new(out.into(), 1000)
    }

    #[test]
    fn messages_of_one_stream_come_together() {
        let mut frames = frames(100, |out| {
            for text in ["one", "", "three"] {
                put_data(out, 7, Part::Whole, text.as_bytes());
            }
            put_data(out, 8, Part::Whole, b"of another");
            put_credit(out, 8, 1);
            put_data(out, 8, Part::First { total: 9 }, b"a part");
        });
        let mut run = frames.run(100).unwrap();
        assert_eq!((run.id, run.count(), run.bytes(), run.last()), (7, 3, 8, 5));
        assert_eq!(run.pop().unwrap(), "one");
        assert_eq!((run.count(), run.bytes()), (2, 5));
        assert_eq!(run.pop().unwrap(), "");
        assert_eq!(run.pop().unwrap(), "three");
        assert_eq!((run.pop(), run.count(), run.bytes()), (None, 0, 0));
        let mut run = frames.run(100).unwrap();
        assert_eq!((run.id, run.pop().unwrap()), (8, "of another".into()));
        assert!(frames.run(100).is_none(), "a CREDIT");
        assert!(matches!(frames.next(), Ok(Some(Frame::Credit { .. }))));
        assert!(frames.run(100).is_none(), "a part of a message");
        assert!(matches!(frames.next(), Ok(Some(Frame::Data { .. }))));
        assert!(frames.run(100).is_none());
        assert_eq!(frames.next(), Ok(None));
    }

    #[test]
    fn what_is_wrong_or_not_whole_is_left() {
        for (most, bytes) in [
            (5, &[0, 0, 7, 4, 0, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6][..]),
            (100, &[0, 0, 7, 4, 0, 0, 0, 7, 0, 1, 2, 3, 4, 5]),
            (100, &[0, 0, 2, 4, 0, 0, 0, 0, 0, 1]),
            (100, &[0, 0, 0, 4, 0, 0, 0, 7, 0]),
            (100, &[0, 0, 2, 4, 0, 0, 0, 7, 4, 1]),
        ] {
            let mut frames = frames(most, |out| out.extend_from_slice(bytes));
            assert!(frames.run(most).is_none(), "{bytes:?}");
            assert_eq!(frames.rest(), bytes);
        }
    }
}
