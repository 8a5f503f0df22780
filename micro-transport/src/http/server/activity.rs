//! What a connection is doing, and until when it may.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use micro_core::{Error, Result};
use tokio::time::Instant;

use crate::ListenOptions;
use crate::transport::stopped;

/// How long a connection may still be used to hand over what was answered, once the server stops: from the answer on.
const HAND_OVER: Duration = Duration::from_secs(5);
/// The same for a connection that is idle for longer: enough for a live peer to agree to the end.
pub(super) const AGREE: Duration = Duration::from_millis(250);

/// What a connection is doing: shared between its socket, its calls, and the one who watches the time.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Whoever watches, to be told when the last call has ended.
    watcher: AtomicWaker,
    owed: AtomicU8,
    /// Whether the calls that run are to end.
    cancelled: AtomicBool,
}

/// What a connection owes: nothing, the answer of a call that runs, or what is left to send of one that ended. Between
/// these, what the last call that ran has come to, which is told apart over HTTP/1.1, where they run one by one.
const NOTHING: u8 = 0;
const AN_ANSWER: u8 = 1;
/// Its request has come whole, and is served.
const SERVED: u8 = 2;
/// A part of its answer may be sent, and the rest is still to be made.
const BEGUN: u8 = 3;
/// Its answer is whole.
const WHOLE: u8 = 4;
const THE_REST: u8 = 5;

#[derive(Debug)]
struct State {
    /// The calls that run.
    running: usize,
    /// How many calls there were.
    calls: u64,
    /// When the connection was made, or its last call ended.
    since: Instant,
    /// When the first byte of a request came whose head is not complete.
    head: Option<Instant>,
    /// Since when the peer takes nothing of what there is to send.
    blocked: Option<Instant>,
    /// Whether a request was answered before it was read to its end.
    unread: bool,
    /// The tasks of calls that wait for something, each in a slot that its call knows.
    waiting: Vec<Option<Waker>>,
    /// The slots that are free.
    free: Vec<usize>,
}

/// A call that runs on a connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    activity: Arc<Activity>,
    /// Where the task of this call is found, once it had to wait, and which task that is.
    waiting: Option<(usize, Waker)>,
}

/// Until when a connection may do what it does now, and what is wrong when it still does then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limit {
    pub(super) at: Instant,
    pub(super) late: Late,
}

/// What took too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Late {
    /// The head of a request.
    Head,
    /// Nothing: there was no request.
    Idle,
    /// The peer, in taking what is sent to it.
    Reader,
    /// The end of a connection, after the server was told to stop.
    Stopping,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            running: 0,
            calls: 0,
            since: Instant::now(),
            head: None,
            blocked: None,
            unread: false,
            waiting: Vec::new(),
            free: Vec::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            watcher: AtomicWaker::new(),
            owed: AtomicU8::new(NOTHING),
            cancelled: AtomicBool::new(false),
        })
    }

    /// Bytes came: the first ones while nothing runs begin a request.
    pub(super) fn bytes_came(&self) {
        let mut state = self.lock();
        if state.running == 0 && state.head.is_none() {
            state.head = Some(Instant::now());
        }
    }

    /// The beginning of HTTP/2 is complete, and no request has begun.
    pub(super) fn opened(&self) {
        self.lock().head = None;
    }

    /// The head of a request is complete.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        let mut state = self.lock();
        state.running += 1;
        state.calls += 1;
        state.head = None;
        self.owed.store(AN_ANSWER, Ordering::Relaxed);
        Running { activity: self.clone(), waiting: None }
    }

    /// The peer takes nothing of what there is to send, or something again.
    pub(super) fn block(&self, blocked: bool) {
        self.lock().blocked = blocked.then(Instant::now);
    }

    /// Everything is sent that there was to send: whether that was the rest of an answer.
    pub(super) fn flushed(&self) -> bool {
        // Nothing else hangs on it, and losing the race to the next call is right.
        self.owed.compare_exchange(THE_REST, NOTHING, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether there is an answer of a call to send.
    pub(super) fn owes(&self) -> bool {
        self.owed.load(Ordering::Relaxed) != NOTHING
    }

    /// A request is answered though it was not read to its end.
    pub(super) fn leave_unread(&self) {
        self.lock().unread = true;
    }

    /// Whether a request was.
    pub(super) fn is_unread(&self) -> bool {
        self.lock().unread
    }

    /// The number of the last call, if one runs.
    pub(super) fn running(&self) -> Option<u64> {
        let state = self.lock();
        (state.running > 0).then_some(state.calls)
    }

    /// The request of a call has come whole: what comes now is behind it.
    pub(super) fn serve(&self) {
        self.owed.store(SERVED, Ordering::Relaxed);
    }

    /// Whether a call over HTTP/1.1 is served that has all of its request, or makes its answer still.
    pub(super) fn is_served(&self) -> bool {
        matches!(self.owed.load(Ordering::Relaxed), SERVED | BEGUN)
    }

    /// Whether a call over HTTP/1.1 runs of whose answer nothing is sent.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self.owed.load(Ordering::Relaxed), AN_ANSWER | SERVED)
    }

    /// Whether the answer of a call over HTTP/1.1 is there, and only sent.
    pub(super) fn hands_over(&self) -> bool {
        matches!(self.owed.load(Ordering::Relaxed), WHOLE | THE_REST)
    }

    /// Ends the calls that run, and those that still come.
    pub(super) fn cancel(&self) {
        let mut state = self.lock();
        self.cancelled.store(true, Ordering::Release);
        let waiting = state.waiting.iter_mut().filter_map(Option::take).collect::<Vec<_>>();
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Whom to wake when the last call has ended.
    pub(super) fn watch(&self, waker: &Waker) {
        self.watcher.register(waker);
    }

    /// Until when this may go on. There is no limit while calls run, which have deadlines of their own, but for a peer
    /// that does not read. `stopping` is when the connection was told to end.
    pub(super) fn limit(&self, options: &ListenOptions, stopping: Option<Instant>) -> Option<Limit> {
        let state = self.lock();
        let reader = state.blocked.map(|blocked| {
            // However little of a last answer is taken at a time, all of it is to be.
            let rest = self.owed.load(Ordering::Relaxed) == THE_REST;
            let since = if rest { blocked.min(state.since) } else { blocked };
            // Whoever does not read cannot be told of the end either.
            let told = if self.cancelled.load(Ordering::Acquire) { HAND_OVER } else { Duration::MAX };
            Limit { at: after(since, options.message_timeout.min(told)), late: Late::Reader }
        });
        if state.running > 0 {
            return reader;
        }
        let limit = match (stopping, state.head) {
            // There is nothing of anybody's in it.
            (Some(now), _) if state.calls == 0 => Limit { at: now, late: Late::Stopping },
            (Some(now), _) => Limit { at: (now + AGREE).max(state.since + HAND_OVER), late: Late::Stopping },
            (None, Some(first)) => Limit { at: after(first, options.header_timeout), late: Late::Head },
            (None, None) if reader.is_some() => return reader,
            (None, None) => Limit { at: after(state.since, options.idle_timeout), late: Late::Idle },
        };
        Some(limit)
    }

    /// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settings may be larger than what the clock can hold.
fn after(from: Instant, time: Duration) -> Instant {
    from.checked_add(time).unwrap_or_else(|| from + Duration::from_secs(86_400 * 365))
}

impl Running {
    /// The call has an answer, whole or its beginning.
    pub(super) fn answered(&self, whole: bool) {
        self.activity.owed.store(if whole { WHOLE } else { BEGUN }, Ordering::Relaxed);
    }

    /// What a call comes to, unless it is cancelled before that. One that is done when it is first looked at costs
    /// nothing more for this.
    pub(super) async fn unless_cancelled<T>(&mut self, call: impl Future<Output = Result<T>>) -> Result<T> {
        if self.activity.cancelled.load(Ordering::Acquire) {
            return Err(stopped().not_reached());
        }
        let mut call = pin!(call);
        poll_fn(|cx| match call.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(result),
            Poll::Pending => self.poll_cancelled(cx).map(Err),
        })
        .await
    }

    /// Whether the call is to end, and with what; its task is woken when it is.
    pub(super) fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if self.activity.cancelled.load(Ordering::Acquire) {
            return Poll::Ready(stopped());
        }
        if self.waiting.as_ref().is_some_and(|(_, waker)| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        let mut state = self.activity.lock();
        // It may have been cancelled since: who cancels has the lock.
        if self.activity.cancelled.load(Ordering::Acquire) {
            return Poll::Ready(stopped());
        }
        let slot = self.waiting.as_ref().map(|(slot, _)| *slot).or_else(|| state.free.pop());
        let slot = slot.unwrap_or_else(|| {
            state.waiting.push(None);
            state.waiting.len() - 1
        });
        if let Some(waiting) = state.waiting.get_mut(slot) {
            *waiting = Some(cx.waker().clone());
        }
        self.waiting = Some((slot, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        if let Some((slot, _)) = self.waiting.take() {
            if let Some(waiting) = state.waiting.get_mut(slot) {
                *waiting = None;
            }
            state.free.push(slot);
        }
        state.running -= 1;
        if state.running == 0 {
            state.since = Instant::now();
            self.activity.owed.store(THE_REST, Ordering::Relaxed);
            drop(state);
            self.activity.watcher.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(activity: &Activity, stopping: Option<Instant>) -> Option<(Late, Duration)> {
        let limit = activity.limit(&ListenOptions::default(), stopping)?;
        Some((limit.late, limit.at - Instant::now()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_a_head_runs_from_its_first_byte() {
        let activity = Activity::new();
        assert_eq!(late(&activity, None), Some((Late::Idle, Duration::from_secs(75))));
        tokio::time::advance(Duration::from_secs(65)).await;
        assert_eq!(late(&activity, None), Some((Late::Idle, Duration::from_secs(10))));
        activity.bytes_came();
        tokio::time::advance(Duration::from_secs(1)).await;
        activity.bytes_came();
        assert_eq!(late(&activity, None), Some((Late::Head, Duration::from_secs(9))));
        let one = activity.begin();
        let two = activity.begin();
        assert_eq!(late(&activity, None), None);
        drop(one);
        assert_eq!(late(&activity, None), None);
        drop(two);
        assert_eq!(late(&activity, None), Some((Late::Idle, Duration::from_secs(75))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_does_not_hold_up_a_stop() {
        let activity = Activity::new();
        let now = Instant::now();
        activity.bytes_came();
        assert_eq!(late(&activity, Some(now)), Some((Late::Stopping, Duration::ZERO)));
        let call = activity.begin();
        assert_eq!(late(&activity, Some(now)), None);
        drop(call);
        assert_eq!(late(&activity, Some(now)), Some((Late::Stopping, HAND_OVER)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(late(&activity, Some(Instant::now())), Some((Late::Stopping, AGREE)));
    }

    #[tokio::test]
    async fn no_setting_is_too_large() {
        let mut options = ListenOptions::default();
        (options.idle_timeout, options.header_timeout) = (Duration::MAX, Duration::MAX);
        let activity = Activity::new();
        assert!(activity.limit(&options, None).is_some());
        activity.bytes_came();
        assert!(activity.limit(&options, None).is_some());
    }
}
