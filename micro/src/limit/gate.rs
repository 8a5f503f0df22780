//! A limit that calls go through, wait before, or are refused at.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use micro_core::{Deadline, Error, Result};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep_until};

use super::queue::{Entered, Queue};

/// The shortest and the longest time after which a refused caller is asked to come back.
const COME_BACK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10));
/// The same where no call has ended yet, so that nobody knows how long they take: long enough that those who come back are
/// no load by themselves, and as long as most calls take.
const UNKNOWN: Duration = Duration::from_millis(100);
/// How long nobody must have been refused for the log to say that it is over.
const QUIET: Duration = Duration::from_secs(1);

/// A number of calls that run at a time, and a bounded queue before it.
#[derive(Debug)]
pub(super) struct Limit {
    /// What it is the limit of: `service` or an endpoint's name.
    of: Box<str>,
    /// The setting that raises it.
    setting: &'static str,
    max_wait: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: Queue<oneshot::Sender<Permit>>,
    /// When the first call of those was refused that the log speaks of, the last one, and how many they are.
    refused: Option<(Instant, Instant, u64)>,
}

/// The right to run, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limit: Option<Arc<Limit>>,
    began: Instant,
}

/// What a call has when it came: its permit, or a place in the queue.
#[derive(Debug)]
pub(super) enum Turn {
    Now(Permit),
    Later(Place),
}

/// A place in the queue; the call leaves it when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    limit: Arc<Limit>,
    number: u64,
    turn: oneshot::Receiver<Permit>,
    until: Pin<Box<Sleep>>,
    deadline: Option<Deadline>,
}

impl Limit {
    pub(super) fn new(
        of: impl Into<Box<str>>,
        setting: &'static str,
        max_running: usize,
        (max_waiting, max_wait): (usize, Duration),
    ) -> Arc<Self> {
        let state = State { queue: Queue::new(max_running, max_waiting), refused: None };
        Arc::new(Self { of: of.into(), setting, max_wait, state: Mutex::new(state) })
    }

    /// A call comes.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached, where nobody may wait.
    pub(super) fn enter(self: &Arc<Self>, now: Instant, deadline: Option<Deadline>) -> Result<Turn> {
        let until = now.checked_add(self.max_wait).unwrap_or_else(|| far(now));
        let until = deadline.map_or(until, |deadline| until.min(deadline.instant()));
        let mut turn = None;
        let mut state = self.lock();
        let entered = state.queue.enter(now, until, || {
            let (sender, receiver) = oneshot::channel();
            turn = Some(receiver);
            sender
        });
        match (entered, turn) {
            (Entered::Waits { number, instead }, Some(turn)) => {
                drop(state);
                // Its place learns by this that it is refused.
                drop(instead);
                let until = Box::pin(sleep_until(until.into()));
                Ok(Turn::Later(Place { limit: self.clone(), number, turn, until, deadline }))
            }
            (Entered::Runs, _) => Ok(Turn::Now(Permit { limit: Some(self.clone()), began: now })),
            _ => {
                drop(state);
                Err(self.refuse(now))
            }
        }
    }

    /// Gives a call back its place, and the place to the next one.
    pub(super) fn end(self: &Arc<Self>, began: Instant, now: Instant) {
        let mut state = self.lock();
        let next = state.queue.end(now, now.saturating_duration_since(began));
        state.note_end(&self.of, now);
        drop(state);
        if let Some(next) = next {
            // Who has gone meanwhile gives it back by dropping it.
            let _ = next.send(Permit { limit: Some(self.clone()), began: now });
        }
    }

    /// Notes that a call is refused, and makes its error.
    fn refuse(&self, now: Instant) -> Error {
        let mut state = self.lock();
        state.note(&self.of, self.setting, now);
        let (most, waiting) = (state.queue.max_running(), state.queue.waiting());
        let (of, setting) = (&self.of, self.setting);
        Error::resource_exhausted(format!(
            "{of} is overloaded: {most} calls run, which is the limit (see `{setting}`), and {waiting} wait"
        ))
        .with_reason("OVERLOADED")
        .with_retry_after(state.queue.estimate().unwrap_or(UNKNOWN).clamp(COME_BACK.0, COME_BACK.1))
        .not_reached()
    }

    /// Nothing that runs under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A call is refused. The log has the first one only.
    fn note(&mut self, of: &str, setting: &str, now: Instant) {
        match &mut self.refused {
            Some((_, last, count)) => (*last, *count) = (now, *count + 1),
            none => {
                *none = Some((now, now, 1));
                let most = self.queue.max_running();
                tracing::warn!(
                    "{of} is overloaded: more than {most} calls come at a time (see `{setting}`), and some are refused"
                );
            }
        }
    }

    /// A call has ended: if none was refused for a while, the log has that.
    fn note_end(&mut self, of: &str, now: Instant) {
        if let Some((first, last, count)) = self.refused
            && now.saturating_duration_since(last) > QUIET
        {
            self.refused = None;
            let time = last.saturating_duration_since(first);
            tracing::info!("{of} is not overloaded any more; {count} calls were refused in {time:?}");
        }
    }
}

impl Permit {
    /// Makes it its holder's to tell the [`end`](Limit::end).
    pub(super) fn hand_over(mut self) {
        self.limit = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(limit) = self.limit.take() {
            limit.end(self.began, Instant::now());
        }
    }
}

impl Turn {
    /// The permit, where its turn has come already.
    pub(super) fn now(self) -> Option<Permit> {
        match self {
            Self::Now(permit) => Some(permit),
            Self::Later(_) => None,
        }
    }

    /// The permit, once its turn has come.
    ///
    /// # Errors
    /// As [`Place`].
    pub(super) async fn permit(self) -> Result<Permit> {
        match self {
            Self::Now(permit) => Ok(permit),
            Self::Later(place) => place.await,
        }
    }
}

/// The errors are not reached: [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded) when the time of the call
/// is up, and [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted) when it waited for too long, or had to
/// make room.
impl Future for Place {
    type Output = Result<Permit>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Permit>> {
        let this = &mut *self;
        let late = this.until.as_mut().poll(cx).is_ready();
        let turn = match Pin::new(&mut this.turn).poll(cx) {
            Poll::Ready(turn) => turn.ok(),
            Poll::Pending if late => None,
            Poll::Pending => return Poll::Pending,
        };
        // A permit that comes too late goes on to the next one.
        if this.deadline.is_some_and(Deadline::is_past) {
            return Poll::Ready(Err(Deadline::error("waiting for the calls before it").not_reached()));
        }
        Poll::Ready(turn.ok_or_else(|| this.limit.refuse(Instant::now())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.limit.lock().queue.leave(self.number);
    }
}

/// Far enough that no call lives so long.
fn far(now: Instant) -> Instant {
    now + Duration::from_secs(86_400 * 365)
}
