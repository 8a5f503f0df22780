//! How the lane is asked for by a request of HTTP/1.1, and accepted.
//!
//! Services of Go Micro pass the headers of the calls that they get on to those that they make, and copy them into their
//! answers. So an offer names the host that it is made to, in a header of its own: one that was made to somebody else is
//! none. And only status 101 accepts.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version, header};

/// Whom the lane is offered to: what `Host` says in the same request.
const MICRO_LANE: HeaderName = HeaderName::from_static("micro-lane");
/// What is asked for.
const LANE: HeaderValue = HeaderValue::from_static("micro-lane");
const UPGRADE: HeaderValue = HeaderValue::from_static("Upgrade");

/// Offers the lane to `host`.
pub(in crate::http) fn offer_lane(host: &HeaderValue, headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, UPGRADE);
    headers.insert(header::UPGRADE, LANE);
    headers.insert(MICRO_LANE, host.clone());
}

/// Whether a request offers the lane to whoever has got it.
pub(in crate::http) fn is_lane_offered(request: &Parts) -> bool {
    let headers = &request.headers;
    request.version == Version::HTTP_11
        && asks_for_lane(headers)
        && has(headers, header::CONNECTION, UPGRADE.as_bytes())
        && headers.get(MICRO_LANE).is_some_and(|to| headers.get(header::HOST) == Some(to))
}

/// What accepts it.
pub(in crate::http) fn accept_lane<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::CONNECTION, UPGRADE);
    response.headers_mut().insert(header::UPGRADE, LANE);
    response
}

/// Whether an answer accepts it.
pub(in crate::http) fn is_lane_accepted<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::SWITCHING_PROTOCOLS && asks_for_lane(response.headers())
}

/// Whether an answer that does not accept it shows that the peer does not take the lane. Servers that do answer like some
/// as well, when they have no room, stop, or cannot read the call, and so does a proxy that does not reach them.
pub(in crate::http) fn is_lane_refused<B>(response: &Response<B>) -> bool {
    use StatusCode as S;
    // Services in the manner of Go Micro tell of errors in a header, whatever the status is.
    let told = super::error(response.headers()).and_then(|error| StatusCode::from_u16(error.http()).ok());
    let status = told.unwrap_or(response.status());
    let says_nothing = [
        S::REQUEST_TIMEOUT,
        S::PAYLOAD_TOO_LARGE,
        S::UNSUPPORTED_MEDIA_TYPE,
        S::TOO_MANY_REQUESTS,
        S::REQUEST_HEADER_FIELDS_TOO_LARGE,
    ];
    !status.is_server_error() && !says_nothing.contains(&status)
}

fn asks_for_lane(headers: &HeaderMap) -> bool {
    has(headers, header::UPGRADE, LANE.as_bytes())
}

/// Whether a header that is a list has this in it.
fn has(headers: &HeaderMap, name: HeaderName, one: &[u8]) -> bool {
    let mut values =
        headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    values.any(|value| value.trim_ascii().eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn offered(lines: &[(&'static str, &'static str)], version: Version) -> bool {
        let mut request = Request::builder().version(version);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        is_lane_offered(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn what_offers_the_lane() {
        let host = ("host", "10.0.0.7:8080");
        let to = ("micro-lane", "10.0.0.7:8080");
        let (connection, upgrade) = (("connection", "Upgrade"), ("upgrade", "micro-lane"));
        for (lines, expected) in [
            (&[host, connection, upgrade, to][..], true),
            (&[host, ("connection", "keep-alive, upgrade"), ("upgrade", "h2c, Micro-Lane"), to], true),
            (&[host, connection, to], false),
            (&[host, upgrade, to], false),
            (&[host, connection, ("upgrade", "websocket"), to], false),
            (&[host, connection, upgrade], false),
            // It was made to another one, who passed it on.
            (&[host, connection, upgrade, ("micro-lane", "10.0.0.6:8080")], false),
            (&[connection, upgrade, to], false),
        ] {
            assert_eq!(offered(lines, Version::HTTP_11), expected, "{lines:?}");
            assert!(!offered(lines, Version::HTTP_10) && !offered(lines, Version::HTTP_2));
        }
    }

    #[test]
    fn what_shows_a_peer_without_a_lane() {
        for (statuses, expected) in [
            (&[101, 200, 301, 400, 401, 403, 404, 405, 426][..], true),
            (&[408, 413, 415, 429, 431, 500, 501, 502, 503, 504], false),
        ] {
            for status in statuses {
                let mut answer = Response::builder().status(*status).body(()).unwrap();
                assert_eq!(is_lane_refused(&answer), expected, "{status}");
                if *status < 400 {
                    continue;
                }
                *answer.status_mut() = StatusCode::OK;
                let error = micro_core::Error::internal("no").with_http(*status);
                super::super::put_error(&error, answer.headers_mut());
                assert_eq!(is_lane_refused(&answer), expected, "{status} in a header");
            }
        }
    }

    #[test]
    fn an_offer_is_one_and_only_101_accepts_it() {
        let mut request = Request::new(());
        let host = HeaderValue::from_static("localhost:80");
        request.headers_mut().insert(header::HOST, host.clone());
        offer_lane(&host, request.headers_mut());
        assert!(is_lane_offered(&request.into_parts().0));
        let mut response = accept_lane(());
        assert!(is_lane_accepted(&response));
        *response.status_mut() = StatusCode::OK;
        assert!(!is_lane_accepted(&response), "who copies headers accepts nothing");
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        assert!(!is_lane_accepted(&response));
    }
}
