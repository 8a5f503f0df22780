//! Latencies, in buckets of at most 3 % of their value.

use std::time::Duration;

/// Buckets in each power of two.
const PARTS: u64 = 32;
/// The bits that choose among them.
const BITS: u32 = PARTS.trailing_zeros();

/// How many calls took how long.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; (PARTS * u64::from(64 - BITS + 1)) as usize], count: 0, max: 0 }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[index(nanos)] += 1;
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *ours += theirs;
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// The time that this share of the calls did not take longer than, in microseconds; zero when there are none.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper(index as u64).min(self.max) as f64 / 1e3;
            }
        }
        0.0
    }

    /// The longest, in microseconds.
    pub(crate) fn max(&self) -> f64 {
        self.max as f64 / 1e3
    }
}

/// The bucket of a value: below `PARTS` one each, above that `PARTS` for each power of two.
fn index(value: u64) -> usize {
    if value < PARTS {
        return value as usize;
    }
    let shift = value.ilog2() - BITS;
    (u64::from(shift + 1) * PARTS + (value >> shift) - PARTS) as usize
}

/// The largest value in a bucket.
fn upper(index: u64) -> u64 {
    if index < PARTS {
        return index;
    }
    let shift = index / PARTS - 1;
    ((index % PARTS + PARTS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Histogram, index, upper};

    #[test]
    fn every_value_is_at_most_3_percent_below_the_end_of_its_bucket() {
        for value in (0..10_000).chain([123_456, 50_000_000, 7_000_000_000]) {
            let end = upper(index(value) as u64);
            assert!(end >= value && end as f64 <= value as f64 * 1.0313, "{value} {end}");
        }
    }

    #[test]
    fn quantiles_of_a_hundred() {
        let (mut odd, mut even) = (Histogram::new(), Histogram::new());
        for micros in 1..=100 {
            let half = if micros % 2 == 0 { &mut even } else { &mut odd };
            half.record(Duration::from_micros(micros));
        }
        odd.add(&even);
        assert!((odd.quantile(0.5) - 50.0).abs() < 1.6, "{}", odd.quantile(0.5));
        assert!((odd.quantile(0.99) - 99.0).abs() < 3.1, "{}", odd.quantile(0.99));
        assert_eq!(odd.max(), 100.0);
        assert_eq!(Histogram::new().quantile(0.5), 0.0);
    }
}
