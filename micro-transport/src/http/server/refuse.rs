//! Answers to those who speak what is not spoken here.

use std::time::Duration;

use http::StatusCode;
use micro_core::Error;
use tokio::io::AsyncWriteExt;

use super::call::BUSY;
use super::end::HALF_CLOSED;
use super::linger::linger;
use super::stream::Socket;
use crate::ListenOptions;
use crate::http::headers;

/// How long the peer has to take such an answer.
const TIME: Duration = Duration::from_secs(1);

/// An HTTP/2 connection's first frame from the server, SETTINGS without any, and its last one: GOAWAY with
/// HTTP_1_1_REQUIRED (RFC 9113, sections 6.5, 6.8 and 7).
const HTTP2_OFF: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x35\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d\
    HTTP/2 is switched off here: speak HTTP/1.1.\n";

/// The same with ENHANCE_YOUR_CALM, for what no place is left for. No stream was looked at. There is no header to hold the
/// hint, [`BUSY`], so it is among the words, as it is written in one.
const HTTP2_FULL: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x53\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0b\
    there are too many connections here: see `max_connections`; Retry-After: 1\n";

/// A fatal alert `protocol_version` (RFC 8446, section 6).
const TLS_OFF: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];

/// Why a connection is refused.
#[derive(Debug)]
pub(super) enum Refused {
    /// For what this error says, to a peer that speaks HTTP/1.1.
    Http1(Error),
    /// HTTP/2 is switched off.
    Http2Off,
    /// There are too many connections, to a peer that speaks HTTP/2.
    Http2Full,
    /// TLS is not spoken.
    Tls,
}

/// Tells the peer why, in words that it understands, and ends.
pub(super) async fn refuse(mut socket: impl Socket, why: Refused) {
    tracing::debug!(?why, "a connection is refused");
    let text;
    let answer = match why {
        Refused::Http1(error) => {
            text = http1(&error);
            text.as_bytes()
        }
        Refused::Http2Off => HTTP2_OFF,
        Refused::Http2Full => HTTP2_FULL,
        Refused::Tls => TLS_OFF,
    };
    if matches!(tokio::time::timeout(TIME, socket.write_all(answer)).await, Ok(Ok(()))) {
        linger(socket).await;
    }
}

impl Refused {
    /// HTTP/1.1 is switched off.
    pub(super) fn http1_off() -> Self {
        let error = Error::unimplemented("HTTP/1.1 is switched off here: speak HTTP/2");
        Self::Http1(error.with_reason("HTTP1_OFF").with_http(505).not_reached())
    }

    /// There are too many connections, to a peer that speaks HTTP/1.1.
    pub(super) fn full(options: &ListenOptions) -> Self {
        let error = Error::resource_exhausted(format!(
            "{} connections are open here, which is the limit: see `max_connections`",
            options.max_connections
        ));
        let error = error.with_reason("TOO_MANY_CONNECTIONS").with_http(503).with_retry_after(BUSY);
        Self::Http1(error.not_reached())
    }

    /// The head of a request took too long.
    pub(super) fn slow_head(options: &ListenOptions) -> Self {
        let error = Error::deadline_exceeded(format!(
            "the head of the request did not come within {:?}: see `header_timeout`",
            options.header_timeout
        ));
        Self::Http1(error.with_reason("SLOW_HEAD").with_http(408).not_reached())
    }

    /// The connection ended in the middle of the head of a request.
    pub(super) fn cut_head() -> Self {
        let error = Error::invalid_argument("the connection ends in the middle of the head of a request");
        Self::Http1(error.with_reason("ILL_FORMED_HEAD").not_reached())
    }

    /// The caller closed its side of the connection, and its call was cancelled before it had an answer.
    pub(super) fn left() -> Self {
        let error = Error::cancelled(format!(
            "the caller closed its side of the connection, and there was no answer within {HALF_CLOSED:?}: keep it open \
             until the answer has come"
        ));
        Self::Http1(error.with_reason("CALLER_LEFT"))
    }

    /// What came is no head of a request, which `status` tells apart, or it is above a limit.
    pub(super) fn ill_formed(status: u16, why: &hyper::Error, options: &ListenOptions) -> Self {
        let (reason, detail) = match status {
            431 => {
                let limit = options.max_header;
                let detail = format!(
                    "the head of the request is above {limit} bytes (see `max_header`), or above 100 lines of headers"
                );
                ("HEAD_TOO_LARGE", detail)
            }
            414 => ("URI_TOO_LONG", "the address of the request is too long".to_owned()),
            _ => ("ILL_FORMED_HEAD", format!("the head of the request is ill-formed HTTP: {why}")),
        };
        Self::Http1(Error::invalid_argument(detail).with_reason(reason).with_http(status).not_reached())
    }
}

/// An error as the last answer of a connection.
fn http1(error: &Error) -> String {
    let status = StatusCode::from_u16(error.http()).unwrap_or(StatusCode::BAD_REQUEST);
    let (reason, body) = (status.canonical_reason().unwrap_or_default(), error.to_json());
    let more =
        headers::seconds(error).map_or_else(String::new, |seconds| format!("Retry-After: {seconds}\r\n"));
    format!(
        "HTTP/1.1 {} {reason}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_are_as_long_as_they_say() {
        for frames in [HTTP2_OFF, HTTP2_FULL] {
            let goaway = &frames[9..];
            assert_eq!(goaway.len(), 9 + usize::from(goaway[2]));
        }
    }
}
