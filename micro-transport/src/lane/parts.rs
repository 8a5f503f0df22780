//! Messages that are too long for one frame, on their way out.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use bytes::Bytes;

use super::frame::{self, Part};
use super::outbox::Outbox;

/// A message that goes out in parts.
#[derive(Debug)]
pub(super) struct Parted {
    pub(super) id: u32,
    /// The head of the frame with its first part.
    pub(super) opening: Vec<u8>,
    /// How long that part is.
    pub(super) first: usize,
    /// What is not sent yet.
    pub(super) message: Bytes,
    /// Who waits until it is out.
    pub(super) waiter: Option<Waker>,
    /// Whether its first part is in a CALL: until all of it is out, nobody can have seen that call.
    pub(super) is_call: bool,
}

/// The messages of a lane that go out in parts, some at a time and in turns, so that none holds up the others, nor the
/// frames of other calls.
#[derive(Debug, Default)]
pub(super) struct Parts {
    begun: VecDeque<Parted>,
    waiting: VecDeque<Parted>,
    /// How many bytes they have.
    bytes: usize,
    /// The calls that went out whole, each with how much was pending then, its own last part included.
    out: Vec<(u32, usize)>,
}

impl Parts {
    pub(super) fn push(&mut self, message: Parted) {
        self.bytes += message.message.len();
        self.waiting.push_back(message);
    }

    /// How many bytes are not out yet.
    pub(super) fn pending(&self) -> usize {
        self.bytes
    }

    /// The calls that went out whole since this was asked last.
    pub(super) fn take_out(&mut self) -> impl Iterator<Item = (u32, usize)> {
        self.out.drain(..)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.waiting.is_empty()
    }

    /// Whether a message of this call is not out yet; whoever asks is woken when it is.
    pub(super) fn holds(&mut self, id: u32, cx: &mut Context<'_>) -> bool {
        let found = self.begun.iter_mut().chain(&mut self.waiting).find(|parted| parted.id == id);
        let Some(parted) = found else { return false };
        parted.waiter = Some(cx.waker().clone());
        true
    }

    /// Sends no more of this call's message. Returns one of which nothing was sent.
    pub(super) fn remove(&mut self, id: u32) -> Option<Parted> {
        let found = |parts: &VecDeque<Parted>| parts.iter().position(|parted| parted.id == id);
        if let Some(parted) = found(&self.begun).and_then(|index| self.begun.remove(index)) {
            self.bytes -= parted.message.len();
            return None;
        }
        let parted = found(&self.waiting).and_then(|index| self.waiting.remove(index))?;
        self.bytes -= parted.message.len();
        Some(parted)
    }

    /// Appends parts, until `enough` bytes are pending. At most `most` messages are begun at a time.
    pub(super) fn fill(&mut self, outbox: &mut Outbox, max_frame: usize, most: usize, enough: usize) {
        while outbox.pending() < enough {
            if self.begun.len() < most
                && let Some(mut parted) = self.waiting.pop_front()
            {
                self.bytes -= parted.first;
                outbox.frames().append(&mut parted.opening);
                outbox.message(&parted.message.split_to(parted.first));
                self.begun.push_back(parted);
                continue;
            }
            let Some(mut parted) = self.begun.pop_front() else { return };
            let part = parted.message.split_to(parted.message.len().min(max_frame));
            let last = parted.message.is_empty();
            let which = if last { Part::Last } else { Part::Middle };
            frame::put_data_head(outbox.frames(), parted.id, which, part.len());
            outbox.message(&part);
            self.bytes -= part.len();
            if !last {
                self.begun.push_back(parted);
                continue;
            }
            if parted.is_call {
                self.out.push((parted.id, outbox.pending()));
            }
            if let Some(waiter) = parted.waiter {
                waiter.wake();
            }
        }
    }
}
