use std::time::Duration;

/// How long to wait before trying again: doubling, capped, with full jitter.
///
/// Full jitter is a wait drawn evenly from zero to the ceiling. After an outage it spreads those who come back over the
/// whole time, where a fixed wait would bring them back all at once
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
///
/// ```
/// use std::time::Duration;
/// use micro_net::Backoff;
///
/// const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
/// assert_eq!(BACKOFF.ceiling(0), Duration::from_millis(100));
/// assert_eq!(BACKOFF.ceiling(3), Duration::from_millis(800));
/// assert!(BACKOFF.delay(3) <= Duration::from_millis(800));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
}

impl Backoff {
    /// Waits of at most `first` after the first failure, and never more than `cap`.
    #[must_use]
    pub const fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap }
    }

    /// The longest wait after `failures` failures before the last one.
    #[must_use]
    pub fn ceiling(&self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.cap)
    }

    /// A wait, drawn anew each time.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        self.ceiling(failures).mul_f64(fastrand::f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap_and_never_overflows() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        assert_eq!(backoff.ceiling(1), Duration::from_millis(200));
        for failures in [9, 31, 32, 33, u32::MAX] {
            assert_eq!(backoff.ceiling(failures), Duration::from_secs(30));
        }
        assert_eq!(Backoff::new(Duration::MAX, Duration::MAX).ceiling(5), Duration::MAX);
    }

    #[test]
    fn jitter_takes_the_whole_range() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(1));
        let waits = (0..1000).map(|_| backoff.delay(7)).collect::<Vec<_>>();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(200)));
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(800)));
    }
}
