//! Which calls of a connection have begun to go out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of the streams whose heads were given to the kernel the one with the highest number. Those above it wait in memory,
/// behind the peer's limit or behind a full socket: nobody has seen anything of them.
#[derive(Clone, Default, Debug)]
pub(super) struct Begun(Arc<AtomicU64>);

/// Set when nothing more may begin. Above all numbers of streams.
const SEALED: u64 = 1 << 32;

impl Begun {
    /// Whether anything of a stream can have gone out. From now on nothing else does, so that the answer stays true.
    pub(super) fn seal(&self, stream: u32) -> bool {
        self.0.fetch_or(SEALED, Ordering::AcqRel) & !SEALED >= stream.into()
    }

    /// A stream is about to begin. Tells which was the last one before; `None` when no more may.
    pub(super) fn begin(&self, stream: u32) -> Option<u64> {
        Some(self.0.fetch_max(stream.into(), Ordering::AcqRel)).filter(|before| *before < SEALED)
    }

    /// It did not begin after all. Whoever was told that it had was told too much, which does no harm.
    pub(super) fn take_back(&self, stream: u32, before: u64) {
        let _ = self.0.compare_exchange(stream.into(), before, Ordering::AcqRel, Ordering::Relaxed);
    }
}

/// How many bytes begin a connection, before its first frame (RFC 9113, section 3.4).
const PREFACE: u64 = 24;
/// The type of a frame that begins a stream, at its place in a frame's head (section 4.1).
const HEADERS: u8 = 1;

/// Where a connection is in the frames that are written to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames {
    /// What is left of the preface, or of a frame's payload.
    skip: u64,
    /// The head of the frame after that, as far as it has come.
    head: [u8; 9],
    have: usize,
}

impl Default for Frames {
    fn default() -> Self {
        Self { skip: PREFACE, head: [0; 9], have: 0 }
    }
}

impl Frames {
    /// Goes on by these bytes. Tells the highest stream that begins in them.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) -> u32 {
        let mut highest = 0;
        while !bytes.is_empty() {
            if self.skip > 0 {
                let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
                self.skip -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = bytes.len().min(self.head.len() - self.have);
            self.head[self.have..self.have + taken].copy_from_slice(&bytes[..taken]);
            self.have += taken;
            bytes = &bytes[taken..];
            if self.have == self.head.len() {
                let [a, b, c, kind, _, id @ ..] = self.head;
                self.skip = u32::from_be_bytes([0, a, b, c]).into();
                self.have = 0;
                if kind == HEADERS {
                    highest = highest.max(u32::from_be_bytes(id));
                }
            }
        }
        highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u32, payload: usize) -> Vec<u8> {
        let length = (payload as u32).to_be_bytes();
        // A payload that looks like heads of frames.
        [&length[1..], &[kind, 0], &stream.to_be_bytes(), &vec![HEADERS; payload]].concat()
    }

    #[test]
    fn frames_in_any_pieces() {
        let all = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 18),
            frame(HEADERS, 1, 100),
            frame(0, 1, 5),
            frame(HEADERS, 3, 0),
            frame(8, 0, 4),
            frame(HEADERS, 5, 300),
        ]
        .concat();
        for size in 1..all.len() {
            let mut frames = Frames::default();
            let seen = all.chunks(size).map(|piece| frames.pass(piece)).filter(|id| *id > 0);
            let seen = seen.collect::<Vec<_>>();
            assert!(seen.is_sorted() && seen.last() == Some(&5), "{size}: {seen:?}");
            if size < 9 {
                assert_eq!(seen, [1, 3, 5]);
            }
            assert_eq!((frames.skip, frames.have), (0, 0));
        }
    }

    #[test]
    fn what_was_said_not_to_have_begun_does_not() {
        let begun = Begun::default();
        assert_eq!(begun.begin(3), Some(0));
        assert_eq!(begun.begin(5), Some(3));
        begun.take_back(5, 3);
        assert!(!begun.seal(5));
        assert!(begun.seal(3));
        assert_eq!(begun.begin(5), None);
        assert!(!begun.seal(5));
    }
}
