//! One lane, as those see it who make calls on it.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro_core::{Address, Body, Call, Deadline, Error, Head};
use tokio::io::AsyncWrite;

use super::names::{Blocks, Routes};
use super::pen::{Desk, Turn};
use super::slots::Slots;
use super::task::Task;
use crate::lane::format;
use crate::lane::limits::Limits;
use crate::lane::traffic::Traffic;
use crate::news::News;
use crate::standing::{Phase, Standing};

/// A lane. Its calls hold it: it closes when the last handle is dropped and they are done.
#[derive(Debug)]
pub(crate) struct Session {
    shared: Arc<Shared>,
}

/// What all who use a lane share.
pub(super) struct Shared {
    /// Who is at the other end, for errors.
    pub(super) address: Address,
    pub(super) own: Limits,
    pub(super) standing: Standing,
    pub(super) desk: Desk<Line, Pen>,
    /// Whether the task has its timer set to see a peer that is silent. One that was silent for long while nobody waited
    /// for it has to say that it lives before it is trusted with a call.
    pub(super) watched: AtomicBool,
}

/// What writes to the socket.
pub(super) type Pen = Box<dyn AsyncWrite + Send + Unpin>;

/// What is done under the lock of a lane.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) slots: Slots,
    pub(super) traffic: Traffic,
    pub(super) routes: Routes,
    pub(super) blocks: Blocks,
    pub(super) formats: format::Numbers,
    pub(super) turn: Turn,
    /// The earliest deadline of a call, or an earlier moment.
    pub(super) due: Option<Deadline>,
    /// Whether somebody may make further calls.
    pub(super) held: bool,
    /// Whether a call wants to know whether the peer lives.
    pub(super) ask: bool,
}

/// A call's place on a session; nothing once it is dispatched, as the call has it then.
#[derive(Debug)]
pub(crate) struct Place(Option<Arc<Shared>>);

/// What a session is made of, beside its socket.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) address: Address,
    pub(crate) own: Limits,
    pub(crate) peer: Limits,
    pub(crate) keep_alive: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) news: Arc<News>,
    /// The call that the peer has got already, as number 1.
    pub(crate) first: Option<First>,
}

/// A call that went out before its lane began.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) deadline: Option<Deadline>,
}

impl Session {
    /// A session on a socket whose peer has said hello.
    pub(super) fn new(setup: Setup, pen: Pen, task: impl FnOnce(Arc<Shared>) -> Task) -> Arc<Self> {
        let Setup { address, own, peer, news, first, .. } = setup;
        let mut slots = Slots::default();
        let deadline = first.as_ref().and_then(|first| first.deadline);
        let begun = first.and_then(|_| slots.take(1));
        if let Some(slot) = begun.and_then(|key| slots.of(key)) {
            slot.deadline = deadline;
        }
        let line = Line {
            slots,
            traffic: Traffic::new(&own, peer),
            routes: Routes::new(peer.max_routes),
            blocks: Blocks::new(peer.max_blocks),
            formats: format::Numbers::default(),
            turn: Turn::default(),
            due: deadline,
            held: true,
            ask: false,
        };
        let shared = Arc::new(Shared {
            address,
            own,
            standing: Standing::new(Phase::Ready, peer.max_calls as usize, news),
            desk: Desk::new(line, pen),
            watched: AtomicBool::new(true),
        });
        if begun.is_some() {
            shared.standing.begin();
        }
        tokio::spawn(task(shared.clone()).run());
        Arc::new(Self { shared })
    }

    /// The answer of the call that was there when this was made.
    pub(crate) fn first(&self) -> Call {
        Call::slot(self.shared.clone(), 1)
    }

    pub(crate) fn standing(&self) -> &Standing {
        &self.shared.standing
    }

    /// Whether it can be trusted with a call. One that was not heard for long because nobody used it cannot: it is asked,
    /// and told of when it answers.
    pub(crate) fn is_well(&self) -> bool {
        let shared = &self.shared;
        // Who waits asks.
        if self.standing().calls() > 0 || shared.watched.load(Ordering::Relaxed) {
            return true;
        }
        if shared.standing.change(Phase::Ready, Phase::Asked) {
            let mut line = shared.line();
            line.ask = true;
            line.turn.ring();
        }
        false
    }

    /// Whether nothing is left of any call: no number, no bytes, nobody who waits, and no credit but what the peer need not
    /// have told of yet.
    #[cfg(test)]
    pub(crate) fn is_at_rest(&self) -> bool {
        let line = self.shared.line();
        line.slots.busy() == 0 && line.traffic.is_at_rest()
    }

    /// Whether nobody has it any more, and its memory is given back.
    #[cfg(test)]
    pub(crate) fn is_gone(&self) -> impl Fn() -> bool + use<> {
        let left = Arc::downgrade(&self.shared);
        move || left.strong_count() == 0
    }

    /// A place for a call.
    pub(crate) fn place(&self) -> Place {
        self.shared.standing.begin();
        Place(Some(self.shared.clone()))
    }
}

/// The task lets the connection end when the calls that run are done.
impl Drop for Session {
    fn drop(&mut self) {
        let mut line = self.shared.line();
        line.held = false;
        line.turn.ring();
    }
}

impl Debug for Shared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("address", &self.address)
            .field("standing", &self.standing)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// Whether the session takes the call.
    pub(crate) fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.standing.phase() <= Phase::Asked)
    }

    /// Makes a call.
    pub(crate) fn dispatch(mut self, head: &Head, body: Body) -> Call {
        let Some(shared) = self.0.take() else {
            return Call::ready(Err(Error::internal("a place that was used")));
        };
        match shared.call(head, body) {
            Ok(key) => Call::slot(shared, key.id),
            Err(error) => {
                shared.standing.end(1);
                Call::ready(Err(error))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.standing.end(1);
        }
    }
}
