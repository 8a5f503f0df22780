use std::fmt::{self, Debug, Formatter};
use std::num::NonZeroU64;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::Error;

/// The moment after which nobody waits for a call any more.
///
/// One word: nanoseconds of this process's own clock. It does not travel; what travels is the time
/// [`left`](Deadline::left), so that clocks of different machines need not agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(NonZeroU64);

/// Where the clock of all deadlines starts.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// In nanoseconds; 584 years fit. Calls have no longer ones, and what is longer is as long.
fn nanos(time: Duration) -> u64 {
    time.as_secs().saturating_mul(1_000_000_000).saturating_add(time.subsec_nanos().into())
}

/// Nanoseconds since [`start`].
fn now() -> u64 {
    nanos(start().elapsed())
}

impl Deadline {
    /// The moment `time` from now; what lies past the end of the clock is its end.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self::at(now().saturating_add(nanos(time)))
    }

    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self::at(now())
    }

    /// The moment so many nanoseconds after the start.
    fn at(nanos: u64) -> Self {
        Self(NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN))
    }

    /// The moment `time` after `from`, for who has looked at the clock already.
    #[must_use]
    pub fn after_instant(from: Instant, time: Duration) -> Self {
        let from = nanos(from.saturating_duration_since(start()));
        Self::at(from.saturating_add(nanos(time)))
    }

    /// The moment `time` before this one: for a call that lay about for so long before its deadline was read.
    #[must_use]
    pub fn sooner_by(self, time: Duration) -> Self {
        Self::at(self.0.get().saturating_sub(nanos(time)))
    }

    /// The moment `time` after this one.
    #[must_use]
    #[inline]
    pub fn later_by(self, time: Duration) -> Self {
        Self(self.0.saturating_add(nanos(time)))
    }

    /// How many nanoseconds there are from `moment` until then; zero when that is later.
    #[must_use]
    #[inline]
    pub fn nanos_from(self, moment: Self) -> u64 {
        self.0.get().saturating_sub(moment.0.get())
    }

    /// How long it is until then; zero when it is past.
    #[must_use]
    pub fn left(self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(now()))
    }

    /// Whether it is past.
    #[must_use]
    pub fn is_past(self) -> bool {
        self.0.get() <= now()
    }

    /// The same moment for timers.
    #[must_use]
    pub fn instant(self) -> Instant {
        start().checked_add(Duration::from_nanos(self.0.get())).unwrap_or_else(|| {
            // A clock that cannot hold it: far enough that no call lives so long.
            Instant::now() + Duration::from_secs(86_400 * 365)
        })
    }

    /// The error of a call whose time is up.
    #[must_use]
    pub fn error(doing: &str) -> Error {
        Error::deadline_exceeded(format!("no time left while {doing}"))
    }
}

impl Debug for Deadline {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Deadline(in {:?})", self.left())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_word() {
        assert_eq!(size_of::<Option<Deadline>>(), 8);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let deadline = Deadline::after(Duration::MAX);
        assert!(!deadline.is_past());
        let _ = deadline.instant();
        assert!(Deadline::after(Duration::ZERO).is_past());
        assert!(deadline.sooner_by(Duration::MAX).is_past());
        assert!(!deadline.later_by(Duration::MAX).is_past());
    }

    #[test]
    fn sooner_is_less_time() {
        let left =
            Deadline::after(Duration::from_secs(60)).sooner_by(Duration::from_secs(20)).left().as_secs_f64();
        assert!((30.0..=40.0).contains(&left), "{left}");
    }
}
