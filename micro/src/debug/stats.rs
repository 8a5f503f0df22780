use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use micro_core::{Call, Dispatch, Feedback, Outcome, Pick, Request};

/// Counts the calls of a service, and those that fail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
}

pub(super) struct Counts {
    pub(super) requests: u64,
    pub(super) errors: u64,
}

impl Stats {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts { requests: read(&self.0.requests), errors: read(&self.0.errors) }
    }

    /// Counts the calls that go to `inner`.
    pub(crate) fn count(&self, inner: Arc<dyn Dispatch>) -> Arc<dyn Dispatch> {
        Arc::new(Counted { inner, counters: self.0.clone() })
    }
}

struct Counted {
    inner: Arc<dyn Dispatch>,
    counters: Arc<Counters>,
}

impl Dispatch for Counted {
    fn dispatch(&self, request: Request) -> Call {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        // The pick of a call learns its outcome, streams included, and costs no box.
        self.inner.dispatch(request).with_pick(Pick::new(0, self.counters.clone(), 0))
    }
}

impl Feedback for Counters {
    fn done(&self, _: u64, outcome: Outcome) {
        if matches!(outcome, Outcome::Failed { .. }) {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
    }
}
