//! Where the handler of an endpoint is polled: in the connection's own task, or in one that is spawned for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A first poll that takes less than this on the average is done in place: spawning costs about as much.
const SHORT: u32 = 8_000;
/// What one batch of frames may spend in place before the rest is spawned, so that those behind do not wait for long.
pub(super) const BATCH: Duration = Duration::from_micros(100);
/// The most that one sample counts: a poll that was interrupted is not the endpoint's fault.
const MOST: u32 = 64_000;
/// Nothing is known yet.
const UNKNOWN: u32 = u32::MAX;

/// How long the first polls of an endpoint's handler take on one connection, in nanoseconds: an average that rises by a
/// quarter of what is above it and falls by an eighth of what is below.
#[derive(Debug)]
pub(super) struct Place(AtomicU32);

impl Place {
    pub(super) const fn new() -> Self {
        Self(AtomicU32::new(UNKNOWN))
    }

    /// Whether its handler is done with soon enough to be polled in place.
    pub(super) fn is_short(&self) -> bool {
        self.0.load(Ordering::Relaxed) < SHORT
    }

    /// A first poll took this long, wherever it was.
    pub(super) fn note(&self, time: Duration) {
        let sample = u32::try_from(time.as_nanos()).unwrap_or(MOST).min(MOST);
        let old = self.0.load(Ordering::Relaxed);
        let new = if old == UNKNOWN {
            sample
        } else if sample > old {
            old + (sample - old) / 4
        } else {
            old - (old - sample) / 8
        };
        // Two that are noted at a time may lose one, which an average survives.
        self.0.store(new, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(samples: &[u64]) -> bool {
        let place = Place::new();
        samples.iter().for_each(|nanos| place.note(Duration::from_nanos(*nanos)));
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
}
