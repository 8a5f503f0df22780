//! What is on its way out of a lane.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// From which size on a message is not copied behind the other frames, but written from where it is. A system call that
/// gathers has a cost of its own, which is about that of copying so much.
const BESIDE: usize = 8 * 1024;
/// How much room for small frames is kept when all is written.
const KEPT: usize = 64 * 1024;
/// How many pieces one system call writes.
const PIECES: usize = 32;

/// Frames in the order in which they go out: small ones copied together, large messages beside them.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    small: Vec<u8>,
    /// How much of `small` is written.
    written: usize,
    /// Messages, each with how much of `small` comes before it.
    large: VecDeque<(usize, Bytes)>,
    /// How many bytes they have.
    beside: usize,
}

impl Outbox {
    /// Where frames are appended.
    pub(super) fn frames(&mut self) -> &mut Vec<u8> {
        &mut self.small
    }

    /// Appends a message behind the head of its frame.
    #[inline] // Most are small, and copied.
    pub(super) fn message(&mut self, message: &Bytes) {
        if message.len() < BESIDE {
            self.small.extend_from_slice(message);
        } else {
            self.beside += message.len();
            self.large.push_back((self.small.len(), message.clone()));
        }
    }

    /// How many bytes are not written yet.
    pub(super) fn pending(&self) -> usize {
        self.small.len() - self.written + self.beside
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pending() == 0
    }

    /// Writes what goes out next, as far as one system call takes it. Says how many bytes that were.
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> Poll<io::Result<usize>> {
        let written = if self.large.is_empty() {
            // As nearly always; one piece needs no list.
            Pin::new(to).poll_write(cx, &self.small[self.written..])
        } else {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let count = self.pieces(&mut pieces);
            Pin::new(to).poll_write_vectored(cx, &pieces[..count])
        };
        let count = ready!(written)?;
        self.advance(count);
        Poll::Ready(Ok(count))
    }

    /// What goes out next, in pieces.
    fn pieces<'a>(&'a self, pieces: &mut [IoSlice<'a>; PIECES]) -> usize {
        let (mut at, mut count) = (self.written, 0);
        let mut put = |piece: &'a [u8]| {
            if !piece.is_empty() && count < PIECES {
                pieces[count] = IoSlice::new(piece);
                count += 1;
            }
        };
        for (before, message) in &self.large {
            put(&self.small[at..*before]);
            put(message);
            at = *before;
        }
        put(&self.small[at..]);
        count
    }

    /// So many bytes are written.
    fn advance(&mut self, mut count: usize) {
        while let Some((before, message)) = self.large.front_mut() {
            let first = (*before - self.written).min(count);
            self.written += first;
            count -= first;
            if self.written < *before {
                return;
            }
            let second = message.len().min(count);
            self.beside -= second;
            count -= second;
            if second < message.len() {
                message.advance(second);
                return;
            }
            self.large.pop_front();
        }
        self.written = (self.written + count).min(self.small.len());
        if self.written == self.small.len() {
            self.written = 0;
            self.small.clear();
            self.small.shrink_to(KEPT);
        }
    }

    /// Moves what `other` has behind what is here, without copying where this one is empty.
    pub(super) fn take(&mut self, other: &mut Self) {
        if self.is_empty() {
            std::mem::swap(self, other);
            return;
        }
        let (base, skipped) = (self.small.len(), other.written);
        self.small.extend_from_slice(&other.small[skipped..]);
        self.large.extend(other.large.drain(..).map(|(before, message)| (base + before - skipped, message)));
        self.beside += std::mem::take(&mut other.beside);
        other.small.clear();
        other.written = 0;
    }

    /// Gives back the memory of one that is empty.
    pub(super) fn rest(&mut self) {
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that goes out, in pieces of `step` bytes.
    fn written(outbox: &mut Outbox, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while !outbox.is_empty() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let count = outbox.pieces(&mut pieces);
            let next: Vec<u8> =
                pieces[..count].iter().flat_map(|piece| piece.iter().copied()).take(step).collect();
            assert!(!next.is_empty());
            outbox.advance(next.len());
            all.extend(next);
        }
        all
    }

    fn filled(seed: u8) -> (Outbox, Vec<u8>) {
        let (mut outbox, mut all) = (Outbox::default(), Vec::new());
        for index in 0..50_u8 {
            let frame = vec![seed ^ index; usize::from(index) + 1];
            outbox.frames().extend_from_slice(&frame);
            all.extend(frame);
            let message = Bytes::from(vec![!index; if index % 3 == 0 { BESIDE + 5 } else { 7 }]);
            outbox.message(&message);
            all.extend_from_slice(&message);
        }
        (outbox, all)
    }

    #[test]
    fn what_goes_in_comes_out_in_its_order() {
        for step in [1, 5, 100, BESIDE, usize::MAX] {
            let (mut outbox, all) = filled(1);
            assert_eq!(outbox.pending(), all.len());
            assert!(written(&mut outbox, step) == all, "in steps of {step}");
        }
    }

    #[test]
    fn one_is_moved_behind_another() {
        for skipped in [0, 1, 60, 9_000, usize::MAX] {
            let ((mut first, mut all), (mut second, more)) = (filled(1), filled(2));
            let skipped = skipped.min(more.len());
            second.advance(skipped);
            first.take(&mut second);
            assert!(second.is_empty());
            all.extend_from_slice(&more[skipped..]);
            assert!(written(&mut first, 1_000) == all);
        }
    }
}
