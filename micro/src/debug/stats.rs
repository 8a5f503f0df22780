use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use micro_core::{Error, Outcome};

/// Counts the calls of a service, those that fail, and those that are at work now.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    running: AtomicU64,
    waiting: AtomicU64,
    refused: AtomicU64,
}

pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) running: u64,
    pub(super) waiting: u64,
    pub(super) refused: u64,
}

/// A call that waits, until this is dropped.
pub(crate) struct Waiting(Stats);

impl Stats {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { requests, errors, running, waiting, refused } = &*self.0;
        Counts {
            requests: read(requests),
            errors: read(errors),
            running: read(running),
            waiting: read(waiting),
            refused: read(refused),
        }
    }

    /// A call has come.
    pub(crate) fn came(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls wait for their turn.
    pub(crate) fn waiting(&self) -> u64 {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// A call waits for its turn.
    pub(crate) fn waits(&self) -> Waiting {
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self.clone())
    }

    /// A call is refused: it does not begin.
    pub(crate) fn refused(&self, error: Error) -> Error {
        self.0.refused.fetch_add(1, Ordering::Relaxed);
        self.0.errors.fetch_add(1, Ordering::Relaxed);
        error
    }

    /// A call begins.
    pub(crate) fn begins(&self) {
        self.0.running.fetch_add(1, Ordering::Relaxed);
    }

    /// A call that began has ended.
    pub(crate) fn ended(&self, outcome: Outcome) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        if matches!(outcome, Outcome::Failed { .. }) {
            self.0.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
