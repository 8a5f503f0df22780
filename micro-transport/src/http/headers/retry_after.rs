//! When to come back, as the header `Retry-After` (RFC 9110, section 10.2.3).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use micro_core::Error;

use super::text;

/// Tells those who read no JSON when to come back.
pub(in crate::http) fn put_retry_after(error: &Error, headers: &mut HeaderMap) {
    if let Some(seconds) = seconds(error) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// When an error says to come back: in whole seconds, as the header has nothing finer.
pub(in crate::http) fn seconds(error: &Error) -> Option<u64> {
    let time = error.retry_after()?;
    Some(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)))
}

/// The error of an answer with the time after which it says to come back: that of the error, which is exact, or else
/// that of the header.
pub(in crate::http) fn with_retry_after(error: Error, headers: &HeaderMap) -> Error {
    match error.retry_after().or_else(|| retry_after(headers)) {
        Some(time) => error.with_retry_after(time),
        None => error,
    }
}

/// The error of what was refused with these words, with the time after which they say to come back, if they do.
pub(in crate::http) fn with_retry_after_of(error: Error, words: &str) -> Error {
    let seconds = words.split_once("Retry-After: ").map(|(_, rest)| rest);
    let seconds = seconds.and_then(|rest| rest.split(|end: char| !end.is_ascii_digit()).next()?.parse().ok());
    match seconds.map(Duration::from_secs) {
        Some(time) => error.with_retry_after(time),
        None => error,
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, header::RETRY_AFTER)?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are still a long time.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    // By the clock of who wrote it: clocks of different machines do not agree.
    let then = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(headers, header::DATE)?).ok()?;
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_may_hold_it_too() {
        let read = |words| with_retry_after_of(Error::unavailable("x"), words).retry_after();
        assert_eq!(read("full (b\"too many; Retry-After: 1\\n\")"), Some(Duration::from_secs(1)));
        assert_eq!(read("Retry-After: 7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Retry-After: 86400"), Some(Error::MAX_RETRY_AFTER));
        for words in ["", "full", "Retry-After: ", "Retry-After: soon", "Retry-After: 99999999999999999999"] {
            assert_eq!(read(words), None, "{words}");
        }
    }

    fn read(lines: &[(&'static str, &'static str)]) -> Option<Duration> {
        let headers = lines
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)));
        with_retry_after(Error::unavailable("x"), &headers.collect()).retry_after()
    }

    #[test]
    fn is_written_in_whole_seconds_rounded_up() {
        for (time, written) in [(250, "1"), (1000, "1"), (1001, "2"), (0, "0")] {
            let mut headers = HeaderMap::new();
            let error = Error::unavailable("x").with_retry_after(Duration::from_millis(time));
            put_retry_after(&error, &mut headers);
            assert_eq!(headers[header::RETRY_AFTER], written);
        }
        let mut headers = HeaderMap::new();
        put_retry_after(&Error::unavailable("x"), &mut headers);
        assert!(headers.is_empty());
        put_retry_after(&Error::unavailable("x").with_retry_after(Duration::MAX), &mut headers);
        assert_eq!(read(&[("retry-after", "18446744073709551615")]), Some(Error::MAX_RETRY_AFTER));
    }

    #[test]
    fn is_read_as_seconds_or_by_the_writers_own_clock() {
        let date = ("date", "Wed, 21 Oct 2015 07:28:00 GMT");
        for (value, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("301", Some(300)),
            ("99999999999999999999999999", Some(300)),
            ("Wed, 21 Oct 2015 07:28:09 GMT", Some(9)),
            ("Wed, 21 Oct 2015 07:27:00 GMT", Some(0)),
            ("Wed, 21 Oct 2099 07:28:09 GMT", Some(300)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(read(&[date, ("retry-after", value)]), expected, "{value}");
        }
        assert_eq!(read(&[("retry-after", "Wed, 21 Oct 2099 07:28:09 GMT")]), None, "whose clock is that?");
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn the_error_knows_better() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        let exact = Error::unavailable("x").with_retry_after(Duration::from_millis(250));
        assert_eq!(with_retry_after(exact, &headers).retry_after(), Some(Duration::from_millis(250)));
        let long = Error::unavailable("x").with_retry_after(Duration::from_secs(86_400));
        assert_eq!(with_retry_after(long, &headers).retry_after(), Some(Error::MAX_RETRY_AFTER));
    }
}
