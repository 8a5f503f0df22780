//! Whether a service is overloaded, as a state machine: it knows no clock and no task.

use std::time::{Duration, Instant};

/// How long the delay must stand before calls are refused, and how long it must be gone before none are. What CoDel
/// (RFC 8289) calls the interval: long enough that a burst is over by then.
pub(super) const INTERVAL: Duration = Duration::from_millis(500);
/// For how much of that a single piece of work counts: one that blocks its worker is a stall, and no queue.
const PIECE: Duration = Duration::from_millis(100);
/// The part of the time that handlers must take up. Where they take up less, refusing calls would cost nearly as much as
/// answering them, and help nobody.
const SHARE: f64 = 0.25;

/// Learns how long the laps through the run queue take. CoDel's idea: a queue that is short at least once in an interval
/// does its work, however long it is at times; one that never is only makes everybody late.
#[derive(Debug)]
pub(super) struct Standing {
    max_delay: Duration,
    /// The time since which laps are too long, all of them.
    long: Option<Long>,
    /// When the first lap of those ended that were all short.
    short: Option<Instant>,
    overloaded: bool,
}

/// A time in which all laps are too long.
#[derive(Debug)]
struct Long {
    /// When it was last looked at.
    last: Instant,
    /// How long it has lasted, stalls left out.
    stood: Duration,
    /// How long it has lasted, and for how long of it handlers were at work on each worker. What is long ago counts for
    /// less, and a single lap for little: the work of one may be to read what the next one answers.
    lasted: Duration,
    busy: Duration,
}

/// What is different now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    None,
    Overloaded,
    Over,
}

impl Standing {
    pub(super) fn new(max_delay: Duration) -> Self {
        Self { max_delay, long: None, short: None, overloaded: false }
    }

    /// A lap is on and is too long already, or was too long. `busy` is for how long handlers were at work on each worker
    /// since this was last said.
    pub(super) fn is_long(&mut self, now: Instant, busy: Duration) -> Change {
        self.short = None;
        if self.overloaded {
            return Change::None;
        }
        let Some(long) = &mut self.long else {
            self.long =
                Some(Long { last: now, stood: Duration::ZERO, lasted: Duration::ZERO, busy: Duration::ZERO });
            return Change::None;
        };
        let time = now.saturating_duration_since(long.last);
        long.last = now.max(long.last);
        long.stood += time.min(PIECE);
        long.lasted += time;
        long.busy += busy;
        if long.stood < INTERVAL {
            return Change::None;
        }
        if long.busy < long.lasted.mul_f64(SHARE) {
            (long.stood, long.lasted, long.busy) = (long.stood / 2, long.lasted / 2, long.busy / 2);
            return Change::None;
        }
        self.overloaded = true;
        Change::Overloaded
    }

    /// A lap is over, and took that long.
    pub(super) fn lap(&mut self, now: Instant, took: Duration, busy: Duration) -> Change {
        if took > self.max_delay {
            return self.is_long(now, busy);
        }
        self.long = None;
        if !self.overloaded {
            return Change::None;
        }
        let since = *self.short.get_or_insert(now);
        if now.saturating_duration_since(since) < INTERVAL {
            return Change::None;
        }
        (self.overloaded, self.short) = (false, None);
        Change::Over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    struct Laps(Standing, Instant);

    impl Laps {
        fn new() -> Self {
            Self(Standing::new(MS * 25), Instant::now())
        }

        /// That many laps, each that long, of which handlers took up that part; what the last one changes.
        fn run(&mut self, laps: u32, took: Duration, share: f64) -> Change {
            let mut change = Change::None;
            for _ in 0..laps {
                assert_eq!(change, Change::None);
                self.1 += took;
                change = self.0.lap(self.1, took, took.mul_f64(share));
            }
            change
        }

        /// A single lap with that many calls, each that long.
        fn calls(&mut self, calls: u32, took: Duration) -> Change {
            let mut change = Change::None;
            for _ in 0..calls {
                assert_eq!(change, Change::None);
                self.1 += took;
                change = self.0.is_long(self.1, took);
            }
            change
        }
    }

    #[test]
    fn a_delay_that_stands_for_an_interval_is_overload() {
        let mut laps = Laps::new();
        assert_eq!(laps.run(10, MS * 50, 1.0), Change::None);
        assert_eq!(laps.run(1, MS * 50, 1.0), Change::Overloaded);
        assert_eq!(laps.run(1000, MS * 50, 0.1), Change::None, "it stays so, whatever is refused");
        assert_eq!(laps.run(50, MS * 10, 0.0), Change::None);
        assert_eq!(laps.run(1, MS * 10, 0.0), Change::Over);
        assert_eq!(laps.run(10, MS * 50, 1.0), Change::None, "it is as at first");
    }

    #[test]
    fn it_is_seen_before_the_lap_is_over() {
        let mut laps = Laps::new();
        assert_eq!(laps.calls(100, MS * 5), Change::None);
        assert_eq!(laps.calls(1, MS * 5), Change::Overloaded);
    }

    #[test]
    fn one_short_lap_is_enough() {
        let mut laps = Laps::new();
        for _ in 0..100 {
            assert_eq!(laps.run(10, MS * 50, 1.0), Change::None);
            assert_eq!(laps.run(1, MS, 1.0), Change::None);
        }
        laps.run(11, MS * 50, 1.0);
        for _ in 0..100 {
            assert_eq!(laps.run(20, MS * 20, 0.0), Change::None);
            assert_eq!(laps.run(1, MS * 26, 0.0), Change::None, "and one long lap, where it is overloaded");
        }
    }

    #[test]
    fn a_stall_is_no_overload() {
        let mut laps = Laps::new();
        assert_eq!(laps.calls(1, MS * 10_000), Change::None);
        assert_eq!(laps.calls(1, MS * 10_000), Change::None);
        assert_eq!(laps.calls(300, MS), Change::None, "what came meanwhile has its time");
        assert_eq!(laps.run(1, MS, 1.0), Change::None);
    }

    #[test]
    fn where_handlers_cost_little_nothing_is_gained() {
        let mut laps = Laps::new();
        assert_eq!(laps.run(1000, MS * 50, 0.2), Change::None);
        // What is long ago does not count for ever.
        assert!((0..20).any(|_| laps.run(1, MS * 50, 0.9) == Change::Overloaded));
    }

    #[test]
    fn it_is_the_share_of_all_laps_that_counts() {
        let mut laps = Laps::new();
        for _ in 0..5 {
            assert_eq!(laps.run(1, MS * 50, 0.9), Change::None);
            assert_eq!(laps.run(1, MS * 50, 0.0), Change::None);
        }
        assert_eq!(laps.run(1, MS * 50, 0.0), Change::Overloaded);
    }
}
