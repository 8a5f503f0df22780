//! When a call is tried again.

use std::time::Duration;

use super::budget::Budget;
use crate::{Code, Deadline, Error};

/// The longest pause before the second attempt; each later one may be twice as long, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(1);

/// Whether an error says that trying again can help, and cannot hurt: the service was not there or had too much to do
/// (rather than saying no), and no handler can have seen the call, or it may run twice.
pub(super) fn may(error: &Error, idempotent: impl FnOnce() -> bool) -> bool {
    match error.code() {
        Code::Unavailable => !error.reached() || idempotent(),
        // Only where the service says when to come back: a message that is too large stays too large.
        Code::ResourceExhausted => !error.reached() && error.retry_after().is_some(),
        _ => false,
    }
}

/// The pause before the next attempt, or `None` where there must not be one: time, attempts or the budget are used up.
pub(super) fn pause(
    error: &Error,
    attempt: u32,
    attempts: u32,
    deadline: Option<Deadline>,
    budget: &Budget,
) -> Option<Duration> {
    if attempt >= attempts {
        return None;
    }
    // Full jitter, so that the callers of a service that fell over do not come back in step.
    let most = FIRST.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST);
    let pause = most.mul_f64(fastrand::f64()).saturating_add(error.retry_after().unwrap_or_default());
    let in_time = deadline.is_none_or(|deadline| deadline.left() > pause);
    (in_time && budget.withdraw(error.reached())).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budgets;
    use super::*;

    #[test]
    fn only_what_cannot_have_run_or_may_run_twice() {
        let gone = || Error::unavailable("gone");
        let busy = || Error::resource_exhausted("busy").not_reached();
        let hint = Duration::from_millis(1);
        for (error, idempotent, tried) in [
            (gone(), false, false),
            (gone(), true, true),
            (gone().not_reached(), false, true),
            (busy(), true, false),
            (busy().with_retry_after(hint), false, true),
            (busy().with_retry_after(hint).maybe_reached(), true, false),
            (Error::not_found("").not_reached(), true, false),
            (Error::deadline_exceeded("").not_reached(), true, false),
        ] {
            assert_eq!(may(&error, || idempotent), tried, "{error:?}, idempotent: {idempotent}");
        }
    }

    #[test]
    fn nothing_is_tried_for_longer_than_there_is_time_or_oftener_than_is_said() {
        let budget = Budgets::default().of("s".into());
        let refused = Error::unavailable("refused").not_reached();
        assert!(pause(&refused, 1, 3, None, &budget).unwrap() <= FIRST);
        assert!(pause(&refused, 2, 3, None, &budget).unwrap() <= FIRST * 2);
        assert!(pause(&refused, 3, 3, None, &budget).is_none());
        assert!(pause(&refused, 40, 50, None, &budget).unwrap() <= LONGEST);
        let soon = Some(Deadline::after(Duration::from_secs(1)));
        let hinted = |secs| Error::unavailable("").not_reached().with_retry_after(Duration::from_secs(secs));
        assert!(pause(&hinted(0), 1, 3, soon, &budget).is_some());
        assert!(pause(&hinted(2), 1, 3, soon, &budget).is_none());
        let never = Error::unavailable("").not_reached().with_retry_after(Duration::MAX);
        assert!(pause(&never, 1, 3, soon, &budget).is_none());
        assert!(pause(&hinted(2), 1, 3, None, &budget).unwrap() >= Duration::from_secs(2));
        let none = Budgets::new(0.0).of("s".into());
        assert!(pause(&refused, 1, 3, None, &none).is_none());
    }
}
