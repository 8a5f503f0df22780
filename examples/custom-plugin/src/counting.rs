use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use micro::{Call, Caller, Dispatch, Request};

/// A client that counts its calls, and has another one make them.
#[derive(Clone)]
pub(crate) struct Counting {
    inner: Arc<dyn Caller>,
    calls: Arc<AtomicU64>,
}

impl Counting {
    /// A client that has `inner` make its calls.
    pub(crate) fn new(inner: Arc<dyn Caller>) -> Self {
        Self { inner, calls: Arc::default() }
    }

    /// How many calls it has been asked for.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Dispatch for Counting {
    fn dispatch(&self, request: Request) -> Call {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.inner.dispatch(request)
    }
}

impl Caller for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn publish(&self, topic: &str, event: Request) -> Call {
        self.inner.publish(topic, event)
    }
}
