//! What both ends of a lane do alike to send: frames, messages of streams within their credit, credit that is given back.

use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use micro_core::{Messages, Piece};

use super::frame::{self, Part, Run};
use super::limits::{GREATEST_CREDIT, Limits};
use super::outbox::Outbox;
use super::parts::{Parted, Parts};

/// How many bytes wait to be written until streams have to wait.
pub(super) const ENOUGH: usize = 256 * 1024;
/// What a message of a stream costs beside its length: keeping an empty one is not free either.
const OVERHEAD: i64 = 32;

/// The credit of one stream, and who waits for it.
#[derive(Debug)]
pub(super) struct Flow {
    credit: i64,
    waiter: Option<Waker>,
}

impl Flow {
    pub(super) fn new(peer: &Limits) -> Self {
        Self { credit: i64::from(peer.stream_window), waiter: None }
    }

    /// The peer has taken messages. Says whether that is a sum that can be.
    pub(super) fn add(&mut self, bytes: u32) -> bool {
        self.credit += i64::from(bytes);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
        self.credit <= i64::from(i32::MAX)
    }
}

/// What a message of a stream costs.
pub(super) fn cost(message: &Bytes) -> i64 {
    cost_of(message.len())
}

pub(super) fn cost_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX - OVERHEAD) + OVERHEAD
}

/// What the messages of a run cost.
pub(super) fn cost_of_run(run: &Run) -> i64 {
    cost_of(run.bytes()) + OVERHEAD * (run.count() as i64 - 1)
}

/// What goes out of one end of a lane.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) outbox: Outbox,
    pub(super) parts: Parts,
    /// What the peer takes.
    pub(super) peer: Limits,
    /// What may still be sent of all streams together.
    credit: i64,
    /// Senders that wait for that, or until less waits to be written.
    waiting: Vec<Waker>,
    /// What readers took and the peer was not told of.
    taken: i64,
    /// After how much it is told.
    telling: i64,
    /// What it was told of since somebody looked.
    given: i64,
}

impl Traffic {
    pub(super) fn new(own: &Limits, mut peer: Limits) -> Self {
        if peer.max_partial == 0 {
            // Who takes no parts takes no message that has them.
            peer.max_message = peer.max_message.min(peer.max_frame);
        }
        Self {
            outbox: Outbox::default(),
            parts: Parts::default(),
            credit: i64::from(peer.connection_window),
            peer,
            waiting: Vec::new(),
            taken: 0,
            telling: i64::from(own.connection_window / 2).max(1),
            given: 0,
        }
    }

    /// Whether there is something to write.
    pub(super) fn is_empty(&self) -> bool {
        self.outbox.is_empty() && self.parts.is_empty()
    }

    /// Puts parts of long messages behind what is there.
    pub(super) fn fill(&mut self) {
        if !self.parts.is_empty() {
            let (max_frame, most) = (self.peer.max_frame as usize, usize::from(self.peer.max_partial));
            self.parts.fill(&mut self.outbox, max_frame, most, ENOUGH);
        }
    }

    /// Wakes the task when less is pending.
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        self.waiting.push(cx.waker().clone());
    }

    /// What was pending goes out: whoever waited for that may go on.
    pub(super) fn go_on(&mut self) {
        for waiter in self.waiting.drain(..) {
            waiter.wake();
        }
    }

    /// Sends messages of a stream, each as soon as that may be. Says how long one is that is longer than the peer takes:
    /// it and those behind it stay.
    pub(super) fn poll_messages(
        &mut self,
        flow: &mut Flow,
        id: u32,
        messages: &mut Messages,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), usize>> {
        while let Some(size) = messages.first() {
            if size > self.peer.max_message as usize {
                return Poll::Ready(Err(size));
            }
            if flow.credit <= 0 {
                flow.waiter = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if self.credit <= 0 || self.outbox.pending() >= ENOUGH {
                self.wait(cx);
                return Poll::Pending;
            }
            if !self.parts.is_empty() && self.parts.holds(id, cx) {
                return Poll::Pending;
            }
            if self.put_small(flow, id, messages) {
                continue;
            }
            flow.credit -= cost_of(size);
            self.credit -= cost_of(size);
            messages.read(|message| self.put_message(id, message));
        }
        Poll::Ready(Ok(()))
    }

    /// Sends those of the messages that come first which lie behind each other, as many as may be sent now. Says whether
    /// there was one.
    fn put_small(&mut self, flow: &mut Flow, id: u32, messages: &mut Messages) -> bool {
        let (longest, mut spent) = (self.peer.max_message as usize, 0);
        let credit = flow.credit.min(self.credit);
        let mut room = ENOUGH.saturating_sub(self.outbox.pending());
        let frames = messages.take_small(|size, head| {
            if spent >= credit || room == 0 || size > longest {
                return false;
            }
            *head = frame::data_head(id, size);
            spent += cost_of(size);
            room = room.saturating_sub(head.len() + size);
            true
        });
        self.outbox.frames().extend_from_slice(frames);
        flow.credit -= spent;
        self.credit -= spent;
        !frames.is_empty()
    }

    fn put_message(&mut self, id: u32, message: Piece<'_>) {
        let max_frame = self.peer.max_frame as usize;
        match message {
            Piece::Large(message) if message.len() > max_frame => {
                let mut opening = Vec::with_capacity(32);
                let total = u32::try_from(message.len()).unwrap_or(u32::MAX);
                frame::put_data_head(&mut opening, id, Part::First { total }, max_frame);
                self.parts.push(Parted {
                    id,
                    opening,
                    first: max_frame,
                    message,
                    waiter: None,
                    is_call: false,
                });
            }
            Piece::Large(message) => {
                frame::put_data_head(self.outbox.frames(), id, Part::Whole, message.len());
                self.outbox.message(&message);
            }
            Piece::Small(message) => frame::put_data(self.outbox.frames(), id, Part::Whole, message),
        }
    }

    /// Sends no more of a call's message. Says whether the peer has not heard of that call.
    pub(super) fn forget(&mut self, id: u32) -> bool {
        let Some(unsent) = self.parts.remove(id) else { return false };
        if !unsent.is_call {
            // Nobody will give back what a message of a stream would have cost.
            self.credit += cost(&unsent.message);
            self.go_on();
        }
        unsent.is_call
    }

    /// Ready when all messages of a stream are out, so that its end may follow.
    pub(super) fn poll_out(&mut self, id: u32, cx: &mut Context<'_>) -> Poll<()> {
        if !self.parts.is_empty() && self.parts.holds(id, cx) { Poll::Pending } else { Poll::Ready(()) }
    }

    /// The peer has room for more. Says whether that is a sum that can be.
    pub(super) fn add(&mut self, bytes: u32) -> bool {
        self.credit += i64::from(bytes);
        self.go_on();
        self.credit <= i64::from(i32::MAX)
    }

    /// A reader took messages of this cost; the stream is named where it goes on. Says whether there is something to write.
    pub(super) fn give(&mut self, stream: Option<u32>, bytes: i64) -> bool {
        if let Some(id) = stream {
            self.put_credit(id, bytes);
        }
        self.taken += bytes;
        if self.taken < self.telling {
            return stream.is_some();
        }
        let taken = std::mem::take(&mut self.taken);
        self.given += taken;
        self.put_credit(0, taken);
        true
    }

    /// Tells the peer that it may send more, in as many frames as that takes.
    fn put_credit(&mut self, id: u32, mut bytes: i64) {
        while bytes > 0 {
            let most = u32::try_from(bytes).unwrap_or(u32::MAX).min(GREATEST_CREDIT);
            frame::put_credit(self.outbox.frames(), id, most);
            bytes -= i64::from(most);
        }
    }

    /// What the peer was given since this was asked last.
    pub(super) fn take_given(&mut self) -> i64 {
        std::mem::take(&mut self.given)
    }

    /// A message of a stream is passed over. Says whether there is something to write.
    pub(super) fn pass_over(&mut self, length: usize) -> bool {
        self.give(None, cost_of(length))
    }

    /// Whether nothing is left of any stream.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        let window = i64::from(self.peer.connection_window);
        self.is_empty() && 2 * self.credit > window && self.credit <= window && self.taken < self.telling
    }

    /// Gives back the memory that is not needed while nothing happens.
    pub(super) fn rest(&mut self) {
        self.outbox.rest();
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }
}
