//! How what is beside a message travels as HTTP headers: the same for requests and answers, on both sides.
//!
//! What one side of ours tells the other beside the names below:
//!
//! * `Accept` with `application/connect+NAME`: the answer to a request of one message may be a stream, see
//!   [`takes_streams`].
//! * `Content-Length` on a body of `application/connect+NAME`: there is one message at most, and it is all at hand. Such
//!   a body is read whole and is `Body::One` or `Body::Empty`; without it, it is `Body::Stream`.

mod error;
mod metadata;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use micro_core::{Deadline, Error, Result};

pub(super) use self::error::{error, put_error};
pub(super) use self::metadata::{metadata, put_metadata};

/// The name of the service that is called.
pub(super) const MICRO_SERVICE: HeaderName = HeaderName::from_static("micro-service");
/// The endpoint that is called, `Type.Method`.
pub(super) const MICRO_ENDPOINT: HeaderName = HeaderName::from_static("micro-endpoint");
/// The same, as older versions of go-micro have it.
pub(super) const MICRO_METHOD: HeaderName = HeaderName::from_static("micro-method");
/// go-micro: the number of a stream.
pub(super) const MICRO_STREAM: HeaderName = HeaderName::from_static("micro-stream");
/// go-micro: the topic that a message is published to.
pub(super) const MICRO_TOPIC: HeaderName = HeaderName::from_static("micro-topic");
/// go-micro: the number of a request.
pub(super) const MICRO_ID: HeaderName = HeaderName::from_static("micro-id");
/// go-micro: what the call failed with.
pub(super) const MICRO_ERROR: HeaderName = HeaderName::from_static("micro-error");
/// The same under the name that older versions of go-micro have.
pub(super) const X_MICRO_ERROR: HeaderName = HeaderName::from_static("x-micro-error");
/// go-micro: how long the caller waits, in nanoseconds.
pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("timeout");

/// The text of a header: Go sends UTF-8, which [`HeaderValue::to_str`] refuses.
pub(super) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// The moment when the caller stops waiting.
///
/// # Errors
/// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for what is no number of nanoseconds. go-micro ignores
/// it, and its handler then runs without the deadline that somebody meant to set.
pub(super) fn deadline(headers: &HeaderMap) -> Result<Option<Deadline>> {
    let mut values = headers.get_all(TIMEOUT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let detail = "there is more than one header `Timeout`: which one holds, nobody can tell";
        return Err(Error::invalid_argument(detail).not_reached());
    }
    let nanos = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match nanos.and_then(|nanos| nanos.parse().ok()) {
        Some(nanos) => Ok(Some(Deadline::after(std::time::Duration::from_nanos(nanos)))),
        None => Err(Error::invalid_argument(format!(
            "header `Timeout` is {value:?}; write nanoseconds as a number, such as 5000000000 for five seconds"
        ))
        .not_reached()),
    }
}

/// Tells how long the caller waits from now.
pub(super) fn put_deadline(deadline: Deadline, headers: &mut HeaderMap) {
    let nanos = u64::try_from(deadline.left().as_nanos()).unwrap_or(u64::MAX);
    headers.insert(TIMEOUT, HeaderValue::from(nanos));
}

/// Whether the sender of a request of one message can read a stream as its answer.
pub(super) fn takes_streams(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.split(',').any(|one| super::envelope::format_name(one.trim_start()).is_some())
        })
    })
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
        put_deadline(Deadline::after(std::time::Duration::from_secs(60)), &mut headers);
        let left = deadline(&headers).unwrap().unwrap().left().as_secs();
        assert!((50..=60).contains(&left), "{left}");
        put_deadline(Deadline::after(std::time::Duration::MAX), &mut headers);
        assert!(deadline(&headers).unwrap().is_some());
    }

    #[test]
    fn who_can_read_streams_says_so() {
        let mut headers = HeaderMap::new();
        for (accept, expected) in [
            ("*/*", false),
            ("application/json", false),
            ("application/connect+json", true),
            ("application/json, application/connect+json", true),
        ] {
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(takes_streams(&headers), expected, "{accept}");
        }
    }
}
