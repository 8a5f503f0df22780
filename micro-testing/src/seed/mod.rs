//! Randomness that can be repeated: a [`Seed`] is printed when its test fails, and taken from the environment again.

use std::ops::Range;
use std::time::Duration;

/// The variable that repeats a schedule.
pub const VARIABLE: &str = "MICRO_TESTING_SEED";

/// Where all randomness of a test comes from. When it is dropped in a panic it says how to repeat what happened.
///
/// ```
/// use micro_testing::Seed;
///
/// let seed = Seed::of(7);
/// assert_eq!(seed.random(1).below(1000), seed.random(1).below(1000));
/// ```
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// The seed that `MICRO_TESTING_SEED` names, or a new one.
    ///
    /// # Panics
    /// When that variable is no number: another schedule would be played than the one that is asked for.
    #[must_use]
    pub fn new() -> Self {
        let Some(named) = std::env::var_os(VARIABLE) else { return Self(fastrand::u64(..)) };
        match named.to_str().map(str::parse) {
            Some(Ok(seed)) => Self(seed),
            _ => panic!("{VARIABLE} is no number: {}", named.display()),
        }
    }

    /// This seed.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.0
    }

    /// The `stream`-th source of randomness of this seed. Each thing that is random takes one of its own, so that it
    /// does the same again in whatever order things happen.
    #[must_use]
    pub fn random(&self, stream: u64) -> Random {
        Random::of(self.0, stream)
    }
}

/// A new one, or that of the environment.
impl Default for Seed {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat this schedule: {VARIABLE}={}", self.0);
        }
    }
}

/// A source of randomness.
#[derive(Clone, Debug)]
pub struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn of(seed: u64, stream: u64) -> Self {
        // Neighbouring numbers have to give unlike sequences: the golden ratio spreads them over all bits.
        Self(fastrand::Rng::with_seed(seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.u64(..end) }
    }

    /// A time in `range`; its start when it is empty.
    pub fn time(&mut self, range: &Range<Duration>) -> Duration {
        let width = range.end.saturating_sub(range.start);
        range.start + width.mul_f64(self.0.f64())
    }

    /// Whether something happens that happens with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.0.f64() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_its_streams_differ() {
        let draw = |seed: u64, stream| {
            let mut random = Seed::of(seed).random(stream);
            (0..8).map(|_| random.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }

    #[test]
    fn times_stay_in_their_range() {
        let mut random = Seed::new().random(0);
        let range = Duration::from_millis(10)..Duration::from_millis(20);
        assert!((0..1000).all(|_| range.contains(&random.time(&range))));
        let empty = Duration::from_secs(1)..Duration::from_secs(1);
        assert_eq!(random.time(&empty), empty.start);
    }

    #[test]
    fn probabilities_hold() {
        let mut random = Seed::of(3).random(0);
        let count = (0..10_000).filter(|_| random.happens(0.25)).count();
        assert!((2_300..2_700).contains(&count), "{count}");
        assert!(!random.happens(0.0) && random.happens(1.0));
    }
}
