//! Messages that come in parts.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::frame::{Message, Part, Violation};

/// The messages of a lane of which parts have come.
#[derive(Debug)]
pub(super) struct Partials {
    begun: Vec<Partial>,
    most: usize,
    max_message: usize,
}

#[derive(Debug)]
struct Partial {
    id: u32,
    total: usize,
    bytes: BytesMut,
    since: Instant,
}

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Came {
    Whole(Bytes),
    /// There is more to come.
    Part,
    /// It is longer than what is read; this is how long.
    TooLong(u64),
    /// It belongs to a message that nobody waits for.
    Nothing,
}

impl Partials {
    pub(super) fn new(most: u16, max_message: u32) -> Self {
        Self { begun: Vec::new(), most: usize::from(most), max_message: max_message as usize }
    }

    /// What a frame of a call brings.
    ///
    /// # Errors
    /// For more messages at a time than may be, and for parts that are not those of one message.
    #[inline(always)] // Nearly all messages are whole, and not looked at twice.
    pub(super) fn put(&mut self, id: u32, message: Message) -> Result<Came, Violation> {
        let Message { bytes, part } = message;
        match part {
            Part::Whole => {
                self.free(id)?;
                let too_long = bytes.len() > self.max_message;
                Ok(if too_long { Came::TooLong(bytes.len() as u64) } else { Came::Whole(bytes) })
            }
            Part::First { total } => self.begin(id, total as usize, &bytes),
            Part::Middle => self.go_on(id, &bytes, false),
            Part::Last => self.go_on(id, &bytes, true),
        }
    }

    /// Whether a message of this call may begin.
    ///
    /// # Errors
    /// When another one is not whole.
    pub(super) fn free(&self, id: u32) -> Result<(), Violation> {
        if self.begun.iter().any(|partial| partial.id == id) {
            return Err(Violation::from(format!("call {id} begins a message within another one")));
        }
        Ok(())
    }

    fn begin(&mut self, id: u32, total: usize, first: &[u8]) -> Result<Came, Violation> {
        self.free(id)?;
        if total > self.max_message {
            return Ok(Came::TooLong(total as u64));
        }
        if first.len() >= total {
            return Err(Violation::from(format!("a first part of call {id} is the whole message, or more")));
        }
        if self.begun.len() >= self.most {
            return Err(Violation::from(format!("more than {} messages are in parts at a time", self.most)));
        }
        let mut bytes = BytesMut::with_capacity(total.min(first.len().saturating_mul(2)));
        bytes.extend_from_slice(first);
        self.begun.push(Partial { id, total, bytes, since: Instant::now() });
        Ok(Came::Part)
    }

    fn go_on(&mut self, id: u32, part: &[u8], last: bool) -> Result<Came, Violation> {
        let Some(index) = self.begun.iter().position(|partial| partial.id == id) else {
            return Ok(Came::Nothing);
        };
        let partial = &mut self.begun[index];
        let length = partial.bytes.len() + part.len();
        if length > partial.total || last != (length == partial.total) {
            return Err(Violation::from(format!(
                "the parts of a message of call {id} are not the {} bytes that it said",
                partial.total
            )));
        }
        if partial.bytes.capacity() < length {
            let room = (partial.total - partial.bytes.len()).min(length.max(partial.bytes.len()));
            partial.bytes.reserve(room.max(part.len()));
        }
        partial.bytes.extend_from_slice(part);
        if !last {
            return Ok(Came::Part);
        }
        Ok(Came::Whole(self.begun.swap_remove(index).bytes.freeze()))
    }

    /// Whether none is on its way.
    pub(super) fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// Forgets what has come of a call's message; says how long that would have been.
    pub(super) fn remove(&mut self, id: u32) -> Option<usize> {
        let index = self.begun.iter().position(|partial| partial.id == id)?;
        Some(self.begun.swap_remove(index).total)
    }

    /// Takes the calls whose message is on its way for too long, and says when the next one is.
    pub(super) fn late(&mut self, now: Instant, within: Duration, late: &mut Vec<u32>) -> Option<Instant> {
        self.begun.retain(|partial| {
            let over = now.saturating_duration_since(partial.since) >= within;
            if over {
                late.push(partial.id);
            }
            !over
        });
        self.begun.iter().map(|partial| partial.since + within).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(bytes: &'static [u8], part: Part) -> Message {
        Message { bytes: Bytes::from_static(bytes), part }
    }

    #[tokio::test]
    async fn parts_become_whole_beside_each_other() {
        let mut partials = Partials::new(2, 10);
        assert_eq!(partials.put(1, part(b"ab", Part::First { total: 5 })).unwrap(), Came::Part);
        assert_eq!(partials.put(2, part(b"x", Part::First { total: 2 })).unwrap(), Came::Part);
        assert_eq!(partials.put(3, part(b"whole", Part::Whole)).unwrap(), Came::Whole("whole".into()));
        assert_eq!(partials.put(1, part(b"cd", Part::Middle)).unwrap(), Came::Part);
        assert_eq!(partials.put(2, part(b"y", Part::Last)).unwrap(), Came::Whole("xy".into()));
        assert_eq!(partials.put(1, part(b"e", Part::Last)).unwrap(), Came::Whole("abcde".into()));
        assert!(partials.begun.is_empty());
    }

    #[tokio::test]
    async fn what_may_not_be() {
        let begun = || {
            let mut partials = Partials::new(1, 10);
            partials.put(1, part(b"ab", Part::First { total: 5 })).unwrap();
            partials
        };
        for (id, message, why) in [
            (1, part(b"a", Part::First { total: 5 }), "within another"),
            (2, part(b"a", Part::First { total: 5 }), "more than 1"),
            (2, part(b"aaaaa", Part::First { total: 5 }), "the whole message"),
            (1, part(b"abcd", Part::Middle), "the 5 bytes"),
            (1, part(b"abc", Part::Middle), "the 5 bytes"),
            (1, part(b"ab", Part::Last), "the 5 bytes"),
        ] {
            let violation = begun().put(id, message).unwrap_err();
            assert!(violation.to_string().contains(why), "{violation}");
        }
        assert_eq!(begun().put(9, part(b"a", Part::Middle)).unwrap(), Came::Nothing);
        assert_eq!(begun().put(9, part(b"a", Part::First { total: 11 })).unwrap(), Came::TooLong(11));
        assert_eq!(begun().put(9, part(b"0123456789a", Part::Whole)).unwrap(), Came::TooLong(11));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_ones_are_late() {
        let mut partials = Partials::new(2, 10);
        partials.put(1, part(b"ab", Part::First { total: 5 })).unwrap();
        tokio::time::advance(Duration::from_secs(5)).await;
        partials.put(2, part(b"ab", Part::First { total: 5 })).unwrap();
        let (mut late, within) = (Vec::new(), Duration::from_secs(8));
        let first = partials.late(Instant::now(), within, &mut late);
        assert_eq!(first, Some(Instant::now() + Duration::from_secs(3)));
        tokio::time::advance(Duration::from_secs(3)).await;
        let next = partials.late(Instant::now(), within, &mut late);
        assert_eq!((late, next), (vec![1], Some(Instant::now() + Duration::from_secs(5))));
    }
}
