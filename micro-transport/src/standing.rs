//! How a connection that carries many calls stands: what those look at who choose one for a call.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::news::News;

/// How many calls on one connection are many: from there on another one carries some of them.
const MANY: usize = 100;

/// Whether a connection takes calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It takes calls.
    Ready,
    /// It has to say whether it lives.
    Asked,
    /// The peer wants no new calls.
    Draining,
    Closed,
}

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Standing {
    phase: AtomicU8,
    news: Arc<News>,
    /// How many calls it has.
    calls: AtomicUsize,
    /// How many of them are many.
    many: AtomicUsize,
    /// How many the peer takes at a time.
    room: AtomicUsize,
    /// Why it is over.
    cause: OnceLock<String>,
}

impl Standing {
    /// A connection whose peer takes so many calls at a time.
    pub(crate) fn new(phase: Phase, room: usize, news: Arc<News>) -> Self {
        Self {
            phase: AtomicU8::new(phase as u8),
            news,
            calls: AtomicUsize::new(0),
            many: AtomicUsize::new(room.clamp(1, MANY)),
            room: AtomicUsize::new(room),
            cause: OnceLock::new(),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Ready,
            1 => Phase::Asked,
            2 => Phase::Draining,
            _ => Phase::Closed,
        }
    }

    /// Goes from one phase to another, if it is in that one. Says whether it was.
    pub(crate) fn change(&self, from: Phase, to: Phase) -> bool {
        let changed = self.phase.compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Relaxed);
        if changed.is_ok() {
            self.news.changed();
        }
        changed.is_ok()
    }

    /// The peer wants no new calls.
    pub(crate) fn drain(&self) {
        if !self.change(Phase::Ready, Phase::Draining) {
            self.change(Phase::Asked, Phase::Draining);
        }
    }

    /// It is over.
    pub(crate) fn over(&self, cause: String) {
        let _ = self.cause.set(cause);
        self.phase.store(Phase::Closed as u8, Ordering::Release);
        self.news.changed();
    }

    /// Why it is over.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.get().map(String::as_str)
    }

    pub(crate) fn calls(&self) -> usize {
        // Ordered with the word that a place is free: who waits for that looks here after it has begun to listen.
        self.calls.load(Ordering::SeqCst)
    }

    /// Whether so many calls are many.
    pub(crate) fn is_many(&self, calls: usize) -> bool {
        calls >= self.many.load(Ordering::Relaxed)
    }

    /// Whether the peer takes one beside so many calls.
    pub(crate) fn takes(&self, calls: usize) -> bool {
        calls < self.room.load(Ordering::Relaxed)
    }

    /// Whether a call would not have to wait here: not for a place, and not for a word of a peer that is silent.
    pub(crate) fn has_room(&self) -> bool {
        self.phase() == Phase::Ready && self.takes(self.calls())
    }

    /// How many calls the peer takes at a time.
    pub(crate) fn set_room(&self, room: usize) {
        if self.room.load(Ordering::Relaxed) == room {
            return;
        }
        self.room.store(room, Ordering::Relaxed);
        self.many.store(room.clamp(1, MANY), Ordering::Relaxed);
        self.news.changed();
    }

    /// It has a call more.
    pub(crate) fn begin(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }

    /// It has so many calls less.
    pub(crate) fn end(&self, calls: usize) {
        self.calls.fetch_sub(calls, Ordering::SeqCst);
        self.news.freed();
    }
}
