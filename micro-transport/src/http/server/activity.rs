//! What a connection is doing, and until when it may.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::ListenOptions;

/// How long a connection may still be used to hand over what was answered, once the server stops: from the answer on.
const HAND_OVER: Duration = Duration::from_secs(5);
/// The same for a connection that is idle for longer: enough for a live peer to agree to the end.
const AGREE: Duration = Duration::from_millis(250);

/// What a connection is doing: shared between its socket, its calls, and the one who watches the time.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// Whoever watches, to be told when the last call has ended.
    watcher: AtomicWaker,
    owed: AtomicU8,
}

/// What a connection owes: nothing, the answer of a call that runs, or what is left to send of one that ended.
const NOTHING: u8 = 0;
const AN_ANSWER: u8 = 1;
const THE_REST: u8 = 2;

#[derive(Debug)]
struct State {
    /// The calls that run.
    running: usize,
    /// Whether there ever was a call.
    served: bool,
    /// When the connection was made, or its last call ended.
    since: Instant,
    /// When the first byte of a request came whose head is not complete.
    head: Option<Instant>,
    /// Whether a request was answered before it was read to its end.
    unread: bool,
}

/// A call that runs on a connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Running(Arc<Activity>);

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
    /// The end of a connection, after the server was told to stop.
    Stopping,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let state = State { running: 0, served: false, since: Instant::now(), head: None, unread: false };
        Arc::new(Self { state: Mutex::new(state), watcher: AtomicWaker::new(), owed: AtomicU8::new(NOTHING) })
    }

    /// Bytes came: the first ones while nothing runs begin a request.
    pub(super) fn bytes_came(&self) {
        let mut state = self.lock();
        if state.running == 0 && state.head.is_none() {
            state.head = Some(Instant::now());
        }
    }

    /// The head of a request is complete.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        let mut state = self.lock();
        state.running += 1;
        state.served = true;
        state.head = None;
        self.owed.store(AN_ANSWER, Ordering::Relaxed);
        Running(self.clone())
    }

    /// Everything is sent that there was to send.
    pub(super) fn flushed(&self) {
        // Nothing else hangs on it, and losing the race to the next call is right.
        let _ = self.owed.compare_exchange(THE_REST, NOTHING, Ordering::Relaxed, Ordering::Relaxed);
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

    /// Whether a call runs.
    pub(super) fn is_running(&self) -> bool {
        self.lock().running > 0
    }

    /// Whom to wake when the last call has ended.
    pub(super) fn watch(&self, waker: &Waker) {
        self.watcher.register(waker);
    }

    /// Until when this may go on; no limit while calls run, which have deadlines of their own. `stopping` is when the
    /// connection was told to end.
    pub(super) fn limit(&self, options: &ListenOptions, stopping: Option<Instant>) -> Option<Limit> {
        let state = self.lock();
        if state.running > 0 {
            return None;
        }
        Some(match (stopping, state.head) {
            // There is nothing of anybody's in it.
            (Some(now), _) if !state.served => Limit { at: now, late: Late::Stopping },
            (Some(now), _) => Limit { at: (now + AGREE).max(state.since + HAND_OVER), late: Late::Stopping },
            (None, Some(first)) => Limit { at: after(first, options.header_timeout), late: Late::Head },
            (None, None) => Limit { at: after(state.since, options.idle_timeout), late: Late::Idle },
        })
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

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        if state.running == 0 {
            state.since = Instant::now();
            self.0.owed.store(THE_REST, Ordering::Relaxed);
            drop(state);
            self.0.watcher.wake();
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
