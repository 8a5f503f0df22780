use std::fmt::{self, Display, Formatter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::HealthOptions;

/// How many of a node's last calls failed, and how many in a row: one word, changed without locks.
///
/// Zero while nothing has failed, so that calls that go well read no clock and write nothing. The first failure opens the
/// window. From then on answers are counted too, and whenever its time has passed the counts are halved, so that what is
/// older counts less. It is closed by so many answers that the failures in it no longer matter.
#[derive(Debug, Default)]
pub(crate) struct Window(AtomicU64);

/// What the word holds, from the upper bits down: 32, 8, 12 and 12.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    /// When the window began, in milliseconds. It wraps, after 49 days.
    since: u32,
    in_a_row: u8,
    failures: u16,
    answers: u16,
}

/// Why a node is to be ejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    InARow(u8),
    Failures { failed: u16, calls: u16 },
}

/// The largest count of calls.
const FULL: u16 = (1 << 12) - 1;
/// The largest number of calls that it makes sense to wait for.
const MOST_CALLS: u32 = 4_000;

impl Window {
    /// A call was answered.
    pub(crate) fn answered(&self) {
        if self.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.update(|counts| match counts.answers + 1 {
            FULL.. => Counts::default(),
            answers => Counts { in_a_row: 0, answers, ..counts },
        });
    }

    /// A call failed. `broken`: in a way that says in a row that the node does not work at all. Returns why that is
    /// enough to eject it, if it is.
    pub(crate) fn failed(&self, now: Duration, broken: bool, options: &HealthOptions) -> Option<Cause> {
        let now = millis(now);
        let counts = self.update(|counts| {
            let mut counts = counts.at(now, options);
            if counts.failures == FULL {
                counts = counts.halved();
            }
            counts.failures += 1;
            counts.in_a_row = counts.in_a_row.saturating_add(u8::from(broken));
            counts
        });
        counts.cause(options)
    }

    /// How badly the node does, from 0 to 1: by the part of the calls that failed, or by those in a row.
    pub(crate) fn badness(&self, now: Duration, options: &HealthOptions) -> f64 {
        let counts = Counts::unpack(self.0.load(Ordering::Relaxed)).at(millis(now), options);
        let row = match options.consecutive {
            // A row of long ago says nothing.
            most if most == 0 || counts.failures == 0 => 0.0,
            most => f64::from(counts.in_a_row) / f64::from(most),
        };
        let calls = f64::from(counts.failures) + f64::from(counts.answers);
        (f64::from(counts.failures) / calls.max(1.0)).max(row).min(1.0)
    }

    /// The node could not be ejected: it is looked at again after as many failures.
    pub(crate) fn passed_over(&self) {
        self.update(|counts| Counts { in_a_row: 0, ..counts.halved() });
    }

    /// What was before an ejection is not held against the node after it.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn update(&self, change: impl Fn(Counts) -> Counts) -> Counts {
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = change(Counts::unpack(word));
            match self.0.compare_exchange_weak(word, next.pack(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return next,
                Err(other) => word = other,
            }
        }
    }
}

impl Counts {
    /// What of it still counts now.
    fn at(self, now: u32, options: &HealthOptions) -> Self {
        let window = millis(options.window).max(1);
        let age = now.wrapping_sub(self.since);
        if self.failures == 0 && self.answers == 0 || age >= window.saturating_mul(2) {
            Self { since: now, in_a_row: self.in_a_row, ..Self::default() }
        } else if age >= window {
            Self { since: self.since.wrapping_add(window), ..self.halved() }
        } else {
            self
        }
    }

    fn halved(self) -> Self {
        Self { failures: self.failures / 2, answers: self.answers / 2, ..self }
    }

    fn cause(self, options: &HealthOptions) -> Option<Cause> {
        let calls = self.failures + self.answers;
        let many = options.failures * f64::from(calls);
        if options.consecutive > 0 && u32::from(self.in_a_row) >= options.consecutive.min(255) {
            Some(Cause::InARow(self.in_a_row))
        } else if u32::from(calls) >= options.min_calls.min(MOST_CALLS) && f64::from(self.failures) >= many {
            Some(Cause::Failures { failed: self.failures, calls })
        } else {
            None
        }
    }

    fn unpack(word: u64) -> Self {
        Self {
            since: (word >> 32) as u32,
            in_a_row: (word >> 24) as u8,
            failures: (word >> 12) as u16 & FULL,
            answers: word as u16 & FULL,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.since) << 32
            | u64::from(self.in_a_row) << 24
            | u64::from(self.failures) << 12
            | u64::from(self.answers)
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::InARow(failed) => write!(f, "{failed} calls in a row failed"),
            Self::Failures { failed, calls } => write!(f, "{failed} of the last {calls} calls failed"),
        }
    }
}

/// Wraps: only differences are of interest.
fn millis(time: Duration) -> u32 {
    time.as_millis() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn failures_in_a_row_are_enough_and_an_answer_breaks_the_row() {
        let (window, options) = (Window::default(), HealthOptions::default());
        for _ in 0..4 {
            assert!(window.failed(SECOND, true, &options).is_none());
        }
        window.answered();
        for _ in 0..4 {
            assert!(window.failed(SECOND, true, &options).is_none());
        }
        // However far apart they are.
        assert!(window.failed(60 * SECOND, true, &options).is_some());
        assert_eq!(window.badness(60 * SECOND, &options), 1.0);
        window.clear();
        // Calls that were shed are no sign of a dead node, however many in a row.
        for _ in 0..19 {
            assert!(window.failed(61 * SECOND, false, &options).is_none());
        }
        assert!(window.failed(61 * SECOND, false, &options).is_some(), "but that is half of 20");
    }

    #[test]
    fn half_of_enough_calls_within_the_window_is_enough() {
        let (window, options) = (Window::default(), HealthOptions::default());
        let mut failed = 0;
        while window.failed(SECOND, true, &options).is_none() {
            failed += 1;
            window.answered();
        }
        assert_eq!(failed, 10);
        assert!((window.badness(SECOND, &options) - 0.5).abs() < 0.05);
        // A third is not, however long.
        window.clear();
        for _ in 0..10_000 {
            assert!(window.failed(SECOND, true, &options).is_none());
            window.answered();
            window.answered();
        }
        // What is old counts less and less.
        assert!(window.badness(SECOND + options.window, &options) > 0.3);
        assert_eq!(window.badness(SECOND + 2 * options.window, &options), 0.0);
        let mut now = SECOND;
        window.clear();
        for _ in 0..100 {
            assert!(window.failed(now, true, &options).is_none(), "one in five seconds is not many");
            window.answered();
            now += options.window;
        }
    }

    #[test]
    fn answers_close_it() {
        let (window, options) = (Window::default(), HealthOptions::default());
        window.answered();
        assert_eq!(window.0.load(Ordering::Relaxed), 0, "nothing is written while all is well");
        window.failed(SECOND, true, &options);
        for _ in 0..FULL {
            window.answered();
        }
        assert_eq!(window.0.load(Ordering::Relaxed), 0);
        // One that was passed over is not looked at with each failure.
        for _ in 0..4 {
            assert!(window.failed(SECOND, true, &options).is_none());
        }
        assert!(window.failed(SECOND, true, &options).is_some());
        window.passed_over();
        assert!(window.failed(SECOND, true, &options).is_none());
    }
}
