//! go-micro's error JSON, `{"id","code","detail","status"}`, and the keys that we add to it: `grpc` where the
//! number does not tell the code, `reason`, `domain`, `metadata`, `reached` where it is false, and `retry_after_ms`.
//! Readers of go-micro ignore keys that they do not know.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Code, Error};

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(default, skip_serializing_if = "str::is_empty")]
    id: Cow<'a, str>,
    #[serde(default)]
    code: i64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    detail: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    status: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grpc: Option<u32>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    reason: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    domain: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Error {
    /// The error as go-micro writes it, for a header or a body, with the keys that only `micro` reads.
    ///
    /// ```
    /// let error = micro_core::Error::invalid_argument("no name").with_id("greeter");
    /// assert_eq!(error.to_json(), r#"{"id":"greeter","code":400,"detail":"no name","status":"Bad Request"}"#);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let number = self.go_micro();
        let mut metadata = BTreeMap::<String, Vec<String>>::new();
        for (key, value) in self.metadata() {
            if let Some(text) = value.as_str() {
                metadata.entry(key.as_str().to_owned()).or_default().push(text.to_owned());
            }
        }
        let wire = Wire {
            id: Cow::Borrowed(self.id()),
            code: number.into(),
            detail: Cow::Borrowed(self.detail()),
            status: Cow::Borrowed(status_text(number)),
            grpc: (Code::from_http(number) != self.code()).then(|| self.code().grpc().into()),
            reason: Cow::Borrowed(self.reason()),
            domain: Cow::Borrowed(self.domain()),
            metadata,
            reached: (!self.reached()).then_some(false),
            retry_after_ms: self
                .retry_after()
                .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        };
        // Strings, numbers and maps of strings: there is nothing in it that JSON cannot write.
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) or a go-micro service wrote. Text that is no such JSON (go-micro's
    /// router answers in plain text) is the detail of an error of code [`Code::Unknown`].
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        let Ok(wire) = serde_json::from_str::<Wire<'_>>(text) else {
            return Self::new(Code::Unknown, text.to_owned());
        };
        let number = u16::try_from(wire.code).unwrap_or(0);
        let code = wire.grpc.and_then(Code::from_grpc).unwrap_or_else(|| Code::from_http(number));
        let mut error = Self::new(code, wire.detail.into_owned())
            .with_id(wire.id.into_owned())
            .with_reason(wire.reason.into_owned())
            .with_domain(wire.domain.into_owned());
        if number != code.go_micro() {
            error = error.with_http(number);
        }
        for (key, values) in wire.metadata {
            for value in values {
                // A key that is no metadata key was not written by us, and nobody here could read it.
                let _ = error.metadata_mut().append(key.as_str(), value);
            }
        }
        if let Some(time) = wire.retry_after_ms {
            error = error.with_retry_after(Duration::from_millis(time));
        }
        if wire.reached == Some(false) { error.not_reached() } else { error }
    }
}

/// The text of a status as Go's `net/http` has it; empty where it has none.
fn status_text(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        421 => "Misdirected Request",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_codes_survive_a_round_trip() {
        for code in Code::all() {
            let error = Error::from_json(&Error::new(*code, "x").with_id("a").to_json());
            assert_eq!((error.code(), error.detail(), error.id()), (*code, "x", "a"));
        }
    }

    #[test]
    fn everything_that_travels_survives() {
        let mut error = Error::new(Code::Unimplemented, "no such endpoint")
            .with_http(404)
            .with_reason("UNKNOWN_ENDPOINT")
            .with_domain("helloworld")
            .with_retry_after(Duration::from_millis(250))
            .with_node("helloworld-1")
            .not_reached();
        error.metadata_mut().append("tenant", "acme").unwrap();
        error.metadata_mut().append("tenant", "other").unwrap();
        let read = Error::from_json(&error.to_json());
        assert_eq!(read.code(), Code::Unimplemented);
        assert_eq!((read.http(), read.go_micro()), (404, 404));
        assert_eq!((read.reason(), read.domain(), read.reached()), ("UNKNOWN_ENDPOINT", "helloworld", false));
        assert_eq!(read.metadata(), error.metadata());
        assert_eq!(read.retry_after(), Some(Duration::from_millis(250)));
        assert_eq!(read.node(), None, "which node it was is nobody else's business");
    }

    #[test]
    fn go_micro_texts() {
        let read = Error::from_json(
            r#"{"id":"go.micro.client","code":408,"detail":"t","status":"Request Timeout"}"#,
        );
        assert_eq!((read.code(), read.go_micro(), read.http()), (Code::DeadlineExceeded, 408, 504));
        let read = Error::from_json("rpc: can't find method Nope");
        assert_eq!((read.code(), read.detail()), (Code::Unknown, "rpc: can't find method Nope"));
        let read = Error::from_json(r#"{"detail":"plain"}"#);
        assert_eq!((read.code(), read.detail()), (Code::Unknown, "plain"));
    }

    #[test]
    fn odd_numbers_are_kept_or_dropped_but_never_invented() {
        assert_eq!(Error::from_json(r#"{"code":418,"detail":""}"#).go_micro(), 418);
        assert_eq!(Error::from_json(r#"{"code":-1,"detail":""}"#).code(), Code::Unknown);
        assert_eq!(Error::from_json(r#"{"code":99999999,"detail":""}"#).http(), 500);
        let for_ever = Error::from_json(r#"{"code":503,"detail":"","retry_after_ms":18446744073709551615}"#);
        assert_eq!(for_ever.retry_after(), Some(Error::MAX_RETRY_AFTER));
    }
}
