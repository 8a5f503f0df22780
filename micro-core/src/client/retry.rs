//! When a call is tried again.

use std::time::Duration;

use crate::{Code, Deadline, Error};

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(1);

/// The pause before the next attempt of a call that failed, or `None` where there must not be one: the service said no
/// (rather than not being there), a handler may have seen the call and it may not run twice, or time or attempts are
/// used up.
pub(super) fn pause(
    error: &Error,
    attempt: u32,
    attempts: u32,
    idempotent: bool,
    deadline: Option<Deadline>,
) -> Option<Duration> {
    let may = error.code() == Code::Unavailable && (idempotent || !error.reached());
    if !may || attempt >= attempts {
        return None;
    }
    // Full jitter, so that the callers of a service that fell over do not come back in step.
    let most = Duration::from_millis(5).saturating_mul(1 << attempt.min(16)).min(LONGEST);
    let pause = most.mul_f64(fastrand::f64());
    deadline.is_none_or(|deadline| deadline.left() > pause).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_have_run_or_may_run_twice() {
        let gone = Error::unavailable("gone");
        let refused = Error::unavailable("refused").not_reached();
        assert!(pause(&gone, 1, 3, false, None).is_none());
        assert!(pause(&gone, 1, 3, true, None).is_some());
        assert!(pause(&refused, 1, 3, false, None).is_some());
        assert!(pause(&refused, 3, 3, false, None).is_none());
        assert!(pause(&Error::not_found("").not_reached(), 1, 3, true, None).is_none());
        let past = Some(Deadline::after(Duration::ZERO));
        assert!(pause(&refused, 1, 3, false, past).is_none());
    }
}
