use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// After this long without an answer nothing is left of what was known: the next call finds out.
pub(crate) const FADE: Duration = Duration::from_secs(10);
/// A sample that comes so long after the one before says all.
const RENEWED: Duration = Duration::from_secs(4);
/// What one sample says at least.
const LEAST: f64 = 1.0 / 8.0;

/// How long a node takes to answer, and how many of its calls fail: one word, changed without locks.
///
/// The latency follows the peaks: a slower sample is taken at once, a faster one counts for an eighth, or for more when
/// the one before is older. An error never lowers it, however fast it came. The upper 26 bits are the latency in
/// microseconds (67 s), 8 bits the part of the calls that fail, and the others are the time of the last sample in
/// milliseconds (it wraps, after 12 days). Zero is unknown.
#[derive(Debug, Default)]
pub(crate) struct Estimate(AtomicU64);

/// What a call says about how well its node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    /// It was answered.
    Good,
    /// The answer is an error that a node can give that does well.
    Refusal,
    /// The node failed.
    Fault,
}

/// What is known of a node, faded by the time since its last answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) latency: Duration,
    /// Which part of its calls fails, from 0 to 1.
    pub(crate) errors: f64,
    /// How much of it still holds, from 1 to 0.
    pub(crate) trust: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Sampled {
    micros: u64,
    errors: f64,
    at: u64,
}

const LATENCY: u32 = 26;
const AT: u32 = 30;

impl Estimate {
    /// What is known; `None` without any sample.
    pub(crate) fn known(&self, now: impl FnOnce() -> Duration) -> Option<Known> {
        let sampled = Sampled::unpack(self.0.load(Ordering::Relaxed))?;
        let trust = 1.0 - (sampled.age(millis(now())).as_secs_f64() / FADE.as_secs_f64()).min(1.0);
        Some(Known { latency: Duration::from_micros(sampled.micros), errors: sampled.errors, trust })
    }

    /// Learns how a call went.
    pub(crate) fn learn(&self, latency: Duration, grade: Grade, now: Duration) {
        let (micros, at) = (u64::try_from(latency.as_micros()).unwrap_or(u64::MAX), millis(now));
        let mut word = self.0.load(Ordering::Relaxed);
        loop {
            let next = match Sampled::unpack(word) {
                Some(before) => before.and(micros, grade, at),
                None => Sampled { micros, errors: if grade == Grade::Fault { 0.5 } else { 0.0 }, at },
            };
            match self.0.compare_exchange_weak(word, next.pack(), Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => word = other,
            }
        }
    }

    /// Forgets all: the node is not what it was.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Sampled {
    fn and(self, micros: u64, grade: Grade, at: u64) -> Self {
        let weight = (self.age(at).as_secs_f64() / RENEWED.as_secs_f64()).clamp(LEAST, 1.0);
        let micros = match self.micros.checked_sub(micros) {
            None | Some(0) => micros,
            Some(faster) if grade == Grade::Good => self.micros - (faster as f64 * weight) as u64,
            Some(_) => self.micros,
        };
        let errors = if grade == Grade::Fault { 1.0 } else { 0.0 };
        Self { micros, errors: self.errors + (errors - self.errors) * weight, at }
    }

    fn age(self, now: u64) -> Duration {
        let age = now.wrapping_sub(self.at) & ((1 << AT) - 1);
        // A clock that was read a little earlier than the one of the sample.
        Duration::from_millis(if age > 1 << (AT - 1) { 0 } else { age })
    }

    fn unpack(word: u64) -> Option<Self> {
        let errors = (word >> AT) as u8;
        let micros = word >> (64 - LATENCY);
        (word != 0).then(|| Self { micros, errors: f64::from(errors) / 255.0, at: word & ((1 << AT) - 1) })
    }

    fn pack(self) -> u64 {
        // No sample is so fast that it looks like none.
        let micros = self.micros.clamp(1, (1 << LATENCY) - 1);
        let errors = (self.errors * 255.0).round() as u8;
        micros << (64 - LATENCY) | u64::from(errors) << AT | self.at & ((1 << AT) - 1)
    }
}

fn millis(time: Duration) -> u64 {
    time.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn known(estimate: &Estimate, now: u32) -> Known {
        estimate.known(|| now * MS).unwrap()
    }

    #[test]
    fn a_slower_sample_is_taken_at_once_and_faster_ones_bit_by_bit() {
        let estimate = Estimate::default();
        assert_eq!(estimate.known(|| MS), None);
        estimate.learn(MS, Grade::Good, MS);
        assert_eq!(known(&estimate, 1).latency, MS);
        estimate.learn(9 * MS, Grade::Good, MS);
        assert_eq!(known(&estimate, 1).latency, 9 * MS);
        estimate.learn(MS, Grade::Good, MS);
        assert_eq!(known(&estimate, 1).latency, 8 * MS);
        // What is old gives way to what is new.
        estimate.learn(MS, Grade::Good, 5_000 * MS);
        assert_eq!(known(&estimate, 5_000).latency, MS);
        assert_eq!(known(&estimate, 5_000).trust, 1.0);
        assert_eq!(known(&estimate, 10_000).trust, 0.5);
        assert_eq!(known(&estimate, 60_000).trust, 0.0);
        // A sample of hours is one of a minute.
        estimate.learn(3_600_000 * MS, Grade::Good, 5_000 * MS);
        assert!(known(&estimate, 5_000).latency > 60_000 * MS);
    }

    #[test]
    fn an_error_never_makes_a_node_look_faster() {
        let estimate = Estimate::default();
        estimate.learn(9 * MS, Grade::Good, MS);
        for grade in [Grade::Refusal, Grade::Fault] {
            for now in [1, 5_000, 5_001] {
                estimate.learn(Duration::ZERO, grade, now * MS);
                assert_eq!(known(&estimate, now).latency, 9 * MS);
            }
        }
        assert!(known(&estimate, 5_001).errors > 0.1);
        for _ in 0..100 {
            estimate.learn(Duration::ZERO, Grade::Fault, 5_001 * MS);
        }
        assert!(known(&estimate, 5_001).errors > 0.95);
        estimate.learn(20 * MS, Grade::Fault, 5_001 * MS);
        assert_eq!(known(&estimate, 5_001).latency, 20 * MS, "one that comes late does make it slower");
        for _ in 0..100 {
            estimate.learn(MS, Grade::Refusal, 5_001 * MS);
        }
        assert!(known(&estimate, 5_001).errors < 0.02, "errors of the business are no faults");
    }
}
