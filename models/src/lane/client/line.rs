//! A line with frames of two bytes: the number of a call, and which of its frames it is.

use std::sync::Arc;

use super::pen::{Desk, Lined, Turn};
use super::socket::Socket;
use crate::lane::outbox::Outbox;
use crate::sync::MutexGuard;

/// The desk that all threads of a model share.
pub(super) type Shared = Arc<Desk<Line, Socket>>;

#[derive(Debug, Default)]
pub(super) struct Line {
    turn: Turn,
    outbox: Outbox,
    /// How many calls run.
    pub(super) busy: usize,
    /// How many are over.
    pub(super) over: usize,
    /// The calls that were sent, with where the first frame of each ends.
    pub(super) sent: Vec<(u8, u64)>,
}

impl Line {
    /// Puts a frame. Says where it ends.
    pub(super) fn put(&mut self, call: u8, frame: u8) -> u64 {
        self.outbox.frames().extend([call, frame]);
        self.turn.taken() + self.outbox.pending() as u64
    }
}

/// Begins a call, as far as that has to do with what is written.
pub(super) fn begin(shared: &Shared, mut line: MutexGuard<'_, Line>, call: u8) {
    line.busy += 1;
    let end = line.put(call, 0);
    line.sent.push((call, end));
    let alone = line.busy == 1;
    shared.send(&mut line, alone);
}

impl Lined for Line {
    fn turn(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn is_empty(&self) -> bool {
        self.outbox.is_empty()
    }

    fn take(&mut self, batch: &mut Outbox) {
        batch.take(&mut self.outbox);
    }
}
