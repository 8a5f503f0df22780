//! Where the handler of an endpoint is polled: in the connection's own task, or in one that is spawned for it.

use std::sync::atomic::{AtomicU32, Ordering};

/// A first poll that takes less than this on the average is done in place: spawning costs about as much.
const SHORT: u32 = 8_000;
/// What one batch of frames may spend in place before the rest is spawned, in nanoseconds, so that those behind do not wait
/// for long.
pub(super) const BATCH: u64 = 100_000;
/// The most that one sample counts: a poll that was interrupted is not the endpoint's fault.
const MOST: u32 = 64_000;
/// After how many polls in place the clock is looked at, and from which average on after each of them.
const EACH: u32 = 4;
const LONG: u32 = MOST / 2;
/// Nothing is known yet.
const UNKNOWN: u32 = u32::MAX;

/// How long the first polls of an endpoint's handler take on one connection, in nanoseconds: an average that rises by a
/// quarter of what is above it and falls by an eighth of what is below.
#[derive(Debug)]
pub(super) struct Place {
    average: AtomicU32,
    /// How often it was polled in place since the clock was looked at.
    polls: AtomicU32,
}

impl Place {
    pub(super) const fn new() -> Self {
        Self { average: AtomicU32::new(UNKNOWN), polls: AtomicU32::new(0) }
    }

    /// Whether its handler is done with soon enough to be polled in place.
    pub(super) fn is_short(&self) -> bool {
        self.average.load(Ordering::Relaxed) < SHORT
    }

    /// It was polled in place. Whether the clock is to be looked at now: what is short needs it less often.
    pub(super) fn is_due(&self) -> bool {
        let polls = self.polls.load(Ordering::Relaxed) + 1;
        let is_due = polls >= EACH || self.average.load(Ordering::Relaxed) >= LONG;
        self.polls.store(if is_due { 0 } else { polls }, Ordering::Relaxed);
        is_due
    }

    /// A first poll took so many nanoseconds, wherever it was.
    pub(super) fn note(&self, time: u64) {
        let sample = u32::try_from(time).unwrap_or(MOST).min(MOST);
        let old = self.average.load(Ordering::Relaxed);
        let new = if old == UNKNOWN {
            sample
        } else if sample > old {
            old + (sample - old) / 4
        } else {
            old - (old - sample) / 8
        };
        // Two that are noted at a time may lose one, which an average survives.
        self.average.store(new, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(samples: &[u64]) -> bool {
        let place = Place::new();
        samples.iter().for_each(|nanos| place.note(*nanos));
        place.is_short()
    }

    #[test]
    fn what_is_short_is_done_in_place() {
        assert!(!Place::new().is_short());
        assert!(after(&[500]));
        assert!(!after(&[100_000]));
        assert!(after(&[500, 20_000]), "one that was interrupted counts little");
        assert!(!after(&[500, 100_000, 100_000]));
        let recovers = [&[100_000][..], &[500; 40]].concat();
        assert!(after(&recovers), "an endpoint that became short is found to be");
    }

    #[test]
    fn what_is_long_or_unknown_is_timed_each_time() {
        let due = |place: &Place| (0..8).filter(|_| place.is_due()).count();
        let place = Place::new();
        assert_eq!(due(&place), 8);
        place.note(500);
        assert_eq!(due(&place), 2);
        (0..10).for_each(|_| place.note(1_000_000));
        assert_eq!(due(&place), 8);
    }
}
