//! Tasks, each in a thread of its own, and what they wait for.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use loom::model::Builder;
use loom::sync::{Condvar, Mutex};

/// How often a thread is interrupted where it could go on, at most. Each more takes about ten times as long, and what
/// is wrong with locks shows with two.
const INTERRUPTIONS: usize = 3;

/// Runs a model in every order.
pub(super) fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(INTERRUPTIONS);
    builder.check(model);
}

/// Something that is waited for.
#[derive(Debug, Default)]
pub(super) struct Awaited<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Awaited<T> {
    pub(super) fn change(&self, how: impl FnOnce(&mut T)) {
        how(&mut self.value.lock().unwrap());
        self.changed.notify_all();
    }

    /// Waits until it is as it should be. Where that never comes, loom says that all threads wait.
    pub(super) fn until<R>(&self, mut found: impl FnMut(&mut T) -> Option<R>) -> R {
        let mut value = self.value.lock().unwrap();
        loop {
            if let Some(result) = found(&mut value) {
                return result;
            }
            value = self.changed.wait(value).unwrap();
        }
    }
}

/// What wakes the thread of a task.
#[derive(Debug, Default)]
struct Alarm(Awaited<bool>);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.change(|woken| *woken = true);
    }
}

/// Polls something whenever it is woken, until it says that it is over.
pub(super) fn run(mut poll: impl FnMut(&mut Context<'_>) -> bool) {
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(alarm.clone());
    while !poll(&mut Context::from_waker(&waker)) {
        alarm.0.until(|woken| std::mem::take(woken).then_some(()));
    }
}
