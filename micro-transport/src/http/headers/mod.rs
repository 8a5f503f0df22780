//! How what is beside a message travels as HTTP headers: the same for requests and answers, on both sides.
//!
//! What one side of ours tells the other beside the names below:
//!
//! * `Accept` with `application/connect+NAME`: the answer to a request of one message may be a stream, see
//!   [`takes_streams`].
//! * `Content-Length` on a body of `application/connect+NAME`: there is one message at most, and it is all at hand. Such
//!   a body is read whole and is `Body::One` or `Body::Empty`; without it, it is `Body::Stream`.

mod deadline;
mod error;
mod metadata;
mod retry_after;
mod upgrade;

use http::{HeaderMap, HeaderName, header};

pub(crate) use self::deadline::told;
pub(super) use self::deadline::{deadline, put_deadline};
pub(super) use self::error::{error, put_error};
pub(super) use self::metadata::{metadata, put_metadata};
pub(super) use self::retry_after::{put_retry_after, seconds, with_retry_after, with_retry_after_of};
pub(super) use self::upgrade::{accept_lane, is_lane_accepted, is_lane_offered, is_lane_refused, offer_lane};

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
    use http::HeaderValue;

    use super::*;

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
