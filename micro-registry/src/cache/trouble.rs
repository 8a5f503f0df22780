use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Something that is wrong with names of a cache. It is said when it begins for the first of them and when it is over
/// for the last: a registry that is down is one line, and not one for each name.
#[derive(Debug, Default)]
pub(super) struct Trouble(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    names: usize,
    since: Option<Instant>,
}

/// The trouble of one name, which is over when this is dropped.
#[derive(Debug)]
pub(super) struct Ongoing {
    /// None when it is over.
    trouble: Option<Arc<Trouble>>,
    /// Whether this one began it.
    pub(super) first: bool,
}

impl Trouble {
    /// It begins for one more name.
    pub(super) fn begin(self: &Arc<Self>) -> Ongoing {
        let mut state = self.lock();
        state.names += 1;
        let first = state.names == 1;
        if first {
            state.since = Some(Instant::now());
        }
        drop(state);
        Ongoing { trouble: Some(self.clone()), first }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ongoing {
    /// It is over for this name. Returns how long it lasted where this was the last one.
    pub(super) fn end(mut self) -> Option<Duration> {
        self.leave()
    }

    fn leave(&mut self) -> Option<Duration> {
        let trouble = self.trouble.take()?;
        let mut state = trouble.lock();
        state.names -= 1;
        if state.names > 0 {
            return None;
        }
        state.since.take().map(|since| since.elapsed())
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.leave();
    }
}
