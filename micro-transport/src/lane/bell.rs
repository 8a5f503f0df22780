//! What wakes the task of a connection: once for all that is put for it until it looks.

use std::task::{Context, Waker};

/// It stands beside what the task looks at, under the same lock. So what is put before the task looks is seen by it, and
/// what is put after that wakes it.
#[derive(Debug, Default)]
pub(super) struct Bell {
    task: Option<Waker>,
    /// Whether the task was woken and has not looked yet.
    rung: bool,
}

impl Bell {
    /// Has the task look at what there is. One that has never looked does so without being woken.
    pub(super) fn ring(&mut self) {
        if !self.rung {
            self.rung = true;
            if let Some(task) = &self.task {
                task.wake_by_ref();
            }
        }
    }

    /// The task looks: what is put from now on wakes it.
    pub(super) fn hear(&mut self, cx: &Context<'_>) {
        if self.task.as_ref().is_none_or(|task| !task.will_wake(cx.waker())) {
            self.task = Some(cx.waker().clone());
        }
        self.rung = false;
    }

    /// The task looks again when the others that are about to run have run.
    pub(super) fn put_off(&mut self, cx: &Context<'_>) {
        self.rung = true;
        cx.waker().wake_by_ref();
    }
}
