//! Answers over HTTP/2 that their callers do not take.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::tasks::Spawner;

tokio::task_local! {
    /// Whether the call of this task has its answer, and waits only for its caller to take it.
    static ANSWERED: Cell<bool>;
}

/// The call of this task has its answer, which is no stream: a caller of streams may rest between messages.
pub(super) fn answered() {
    // Outside of a task of a stream there is nothing to watch.
    let _ = ANSWERED.try_with(|answered| answered.set(true));
}

/// What hyper starts HTTP/2 streams with: they end, with a reset, when their answers are not taken in time. A window
/// that is never opened would hold an answer for ever.
#[derive(Clone, Debug)]
pub(super) struct Streams {
    tasks: Spawner,
    within: Duration,
}

impl Streams {
    pub(super) fn new(tasks: Spawner, within: Duration) -> Self {
        Self { tasks, within }
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let taken = Taken { stream, within: self.within, late: None };
        self.tasks.spawn(ANSWERED.scope(Cell::new(false), taken));
    }
}

pin_project! {
    struct Taken<F> {
        #[pin]
        stream: F,
        within: Duration,
        late: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future<Output = ()>> Future for Taken<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if !ANSWERED.try_with(Cell::get).unwrap_or(false) {
            return Poll::Pending;
        }
        let within = *this.within;
        this.late.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(cx)
    }
}
