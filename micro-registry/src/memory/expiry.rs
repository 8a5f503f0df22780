//! The task that takes nodes away when their TTL ends. There is one only while some node can expire.

use std::sync::{Arc, Weak};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::Shared;
use super::state::State;

/// The running task, and when it looks next. Dropping it ends the task.
pub(super) struct Timer {
    at: Instant,
    task: JoinHandle<()>,
}

/// Sees to it that the registry is looked at when `at` has come.
pub(super) fn arm(state: &mut State, shared: &Arc<Shared>, at: Instant) {
    let armed = state.timer.as_ref().is_some_and(|timer| timer.at <= at && !timer.task.is_finished());
    if !armed {
        let task = tokio::spawn(run(Arc::downgrade(shared), at));
        state.timer = Some(Timer { at, task });
    }
}

async fn run(shared: Weak<Shared>, mut at: Instant) {
    loop {
        sleep_until(at).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.lock();
        let Some(next) = state.expire() else {
            state.timer = None;
            return;
        };
        at = next;
        if let Some(timer) = &mut state.timer {
            timer.at = next;
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
