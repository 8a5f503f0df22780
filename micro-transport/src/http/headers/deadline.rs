//! How long a caller waits, as a header.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use micro_core::{Deadline, Error, Result};

use super::TIMEOUT;

/// What is kept back of the time that is left, in nanoseconds, for the way there and back: who is called gives up just before its
/// caller, and never sees more time than that one has.
const MARGIN: u64 = 5_000_000;
/// Of short times it is no more than this part, so that something is left of them after any number of hops.
const PART: u64 = 10;

/// The moment when the caller stops waiting.
///
/// # Errors
/// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for what is no number of nanoseconds. go-micro ignores
/// it, and its handler then runs without the deadline that somebody meant to set.
pub(in crate::http) fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>> {
    let mut values = headers.get_all(TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let detail = "there is more than one header `Timeout`: which one holds, nobody can tell";
        return Err(Error::invalid_argument(detail).not_reached());
    }
    let nanos = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match nanos.and_then(|nanos| nanos.parse().ok()) {
        Some(nanos) => Ok(Some(Deadline::after(Duration::from_nanos(nanos)))),
        None => Err(Error::invalid_argument(format!(
            "header `Timeout` is {value:?}; write nanoseconds as a number, such as 5000000000 for five seconds"
        ))
        .not_reached()),
    }
}

/// Tells how long the caller waits from now, less what the way takes.
///
/// # Errors
/// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when nothing is left.
pub(in crate::http) fn put_deadline(deadline: Deadline, headers: &mut HeaderMap) -> Result<()> {
    headers.insert(TIMEOUT, HeaderValue::from(told(deadline)?));
    Ok(())
}

/// How long the caller is told to wait, in nanoseconds.
///
/// # Errors
/// As [`put_deadline`].
pub(crate) fn told(deadline: Deadline) -> Result<u64> {
    match deadline.nanos_from(Deadline::now()) {
        0 => Err(Deadline::error("waiting to be sent").not_reached()),
        left => Ok(less(left)),
    }
}

/// What is told of the time that is left; something, if anything is.
fn less(left: u64) -> u64 {
    left - MARGIN.min(left / PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_nanoseconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(deadline(&headers).unwrap(), None);
        headers.insert(TIMEOUT, HeaderValue::from_static("5000000000"));
        let left = deadline(&headers).unwrap().unwrap().left().as_secs_f64();
        assert!((4.0..=5.0).contains(&left), "{left}");
        headers.insert(TIMEOUT, HeaderValue::from_static("0"));
        assert!(deadline(&headers).unwrap().unwrap().is_past());
        for bad in ["", "5s", "-1", "+1", "1.5", "18446744073709551616"] {
            headers.insert(TIMEOUT, HeaderValue::from_static(bad));
            let error = deadline(&headers).unwrap_err();
            assert!(!error.reached() && error.detail().contains("nanoseconds"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_deadline_goes_both_ways() {
        let mut headers = HeaderMap::new();
        put_deadline(Deadline::after(Duration::from_secs(60)), &mut headers).unwrap();
        let left = deadline(&headers).unwrap().unwrap().left().as_secs();
        assert!((50..=60).contains(&left), "{left}");
        put_deadline(Deadline::after(Duration::MAX), &mut headers).unwrap();
        assert!(deadline(&headers).unwrap().is_some());
    }

    #[test]
    fn less_is_told_than_is_left_and_never_nothing() {
        const MILLI: u64 = 1_000_000;
        for (left, expected) in [
            (30_000 * MILLI, 29_995 * MILLI),
            (50 * MILLI, 45 * MILLI),
            (10 * MILLI, 9 * MILLI),
            (1, 1),
            (u64::MAX, u64::MAX - 5 * MILLI),
        ] {
            assert_eq!(less(left), expected);
        }
    }

    #[test]
    fn a_call_without_time_is_not_sent() {
        let mut headers = HeaderMap::new();
        let error = put_deadline(Deadline::after(Duration::ZERO), &mut headers).unwrap_err();
        assert_eq!((error.code(), error.reached()), (micro_core::Code::DeadlineExceeded, false));
        assert!(headers.is_empty());
    }
}
