use std::time::Duration;

/// How long to wait before the next attempt: exponential, capped, with full jitter, for ever.
///
/// Each wait is a random time between nothing and a bound that doubles from `base` up to `cap`. Random over the whole
/// range spreads many clients that failed at the same moment better than a fixed part plus some jitter does
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
///
/// ```
/// use std::time::Duration;
/// use micro_net::Backoff;
///
/// let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
/// assert!(backoff.next_delay() <= Duration::from_millis(100));
/// assert!(backoff.next_delay() <= Duration::from_millis(200));
/// backoff.reset();
/// assert!(backoff.next_delay() <= Duration::from_millis(100));
/// ```
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempt: u32,
}

impl Backoff {
    /// Waits of at most `base` at first, and of at most `cap` later.
    #[must_use]
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, attempt: 0 }
    }

    /// The next wait, longer on average than the one before.
    pub fn next_delay(&mut self) -> Duration {
        let bound = self.bound();
        self.attempt = self.attempt.saturating_add(1);
        bound.mul_f64(fastrand::f64())
    }

    /// Waits for [`next_delay`](Self::next_delay).
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }

    /// Starts again with short waits, after a success.
    pub const fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The same, with no wait longer than `cap`.
    #[must_use]
    pub fn capped(mut self, cap: Duration) -> Self {
        self.cap = self.cap.min(cap);
        self
    }

    /// The longest wait.
    #[must_use]
    pub const fn cap(&self) -> Duration {
        self.cap
    }

    fn bound(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX);
        self.base.checked_mul(factor).unwrap_or(self.cap).min(self.cap)
    }
}

/// From 100 ms to 10 s.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_the_cap_and_stays_there_for_ever() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(500));
        let mut bounds = Vec::new();
        for _ in 0..100 {
            let bound = backoff.bound();
            assert!(backoff.next_delay() <= bound);
            bounds.push(bound.as_millis());
        }
        assert_eq!(bounds[..8], [10, 20, 40, 80, 160, 320, 500, 500]);
        assert!(bounds[8..].iter().all(|bound| *bound == 500));
        backoff.attempt = u32::MAX;
        assert!(backoff.next_delay() <= Duration::from_millis(500));
        assert_eq!(backoff.attempt, u32::MAX);
        backoff.reset();
        assert_eq!(backoff.bound(), Duration::from_millis(10));
    }

    #[test]
    fn a_cap_is_only_lowered() {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
        assert_eq!(backoff.clone().capped(Duration::from_secs(2)).cap(), Duration::from_secs(1));
        backoff = backoff.capped(Duration::from_millis(5));
        for _ in 0..20 {
            assert!(backoff.next_delay() <= Duration::from_millis(5));
        }
    }

    #[test]
    fn jitter_is_over_the_whole_range() {
        let delays: Vec<_> = (0..200)
            .map(|_| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).next_delay())
            .collect();
        // Each half of the range is missed once in 2^200 runs.
        assert!(delays.iter().any(|delay| *delay < Duration::from_millis(500)));
        assert!(delays.iter().any(|delay| *delay > Duration::from_millis(500)));
    }

    #[tokio::test]
    async fn waits() {
        let mut backoff = Backoff::new(Duration::ZERO, Duration::from_secs(10));
        backoff.wait().await;
        assert_eq!(backoff.attempt, 1);
    }
}
