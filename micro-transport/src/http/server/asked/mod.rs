//! What a request asks for, by its method, path and headers.

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Version, header};
use micro_core::{Error, Route};

use super::health::Probe;
use crate::http::headers::{MICRO_ENDPOINT, MICRO_METHOD, MICRO_SERVICE, MICRO_STREAM, MICRO_TOPIC, text};

/// The names under which older versions of go-micro send the same.
const X_MICRO_ENDPOINT: HeaderName = HeaderName::from_static("x-micro-endpoint");
const X_MICRO_METHOD: HeaderName = HeaderName::from_static("x-micro-method");
const X_MICRO_SERVICE: HeaderName = HeaderName::from_static("x-micro-service");
const X_MICRO_STREAM: HeaderName = HeaderName::from_static("x-micro-stream");
const X_MICRO_TOPIC: HeaderName = HeaderName::from_static("x-micro-topic");

/// In whose way a call is made and answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// go-micro's: `POST` to any path, and the endpoint is a header. Every answer has status 200.
    GoMicro,
    /// HTTP's own: `POST /Handler/Method`, and answers have the status that fits.
    Plain,
}

/// What a request asks for.
#[derive(Debug)]
pub(super) enum Asked {
    /// A call.
    Call(Dialect, Route),
    /// How the process is.
    Health(Probe),
    /// What is not there, or not in this way.
    Nothing(Dialect, Error, Option<Allow>),
}

/// The methods that a path has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Allow(pub(super) &'static str);

impl Asked {
    /// What the head of a request asks for. `service` is whom a call is for that does not say.
    pub(super) fn of(parts: &Parts, service: &str) -> Self {
        let headers = &parts.headers;
        let path = parts.uri.path();
        let post = parts.method == Method::POST;
        let refused = match parts.version {
            Version::HTTP_11 => not_one_host(headers).or_else(|| not_chunked(headers)),
            Version::HTTP_2 => another_host(parts),
            _ => None,
        };
        if let Some(refused) = refused {
            return Self::Nothing(Dialect::Plain, refused, None);
        }
        if let Some(probe) = Probe::at(path) {
            return match parts.method {
                Method::GET | Method::HEAD => Self::Health(probe),
                _ => not_allowed(&parts.method, path, Allow("GET, HEAD")),
            };
        }
        if post && let Some(refused) = not_spoken(headers) {
            return Self::Nothing(Dialect::GoMicro, refused, None);
        }
        let named = first(headers, [MICRO_SERVICE, X_MICRO_SERVICE]);
        let endpoint = first(headers, [MICRO_ENDPOINT, X_MICRO_ENDPOINT, MICRO_METHOD, X_MICRO_METHOD]);
        if post && let Some(endpoint) = endpoint {
            return Self::Call(Dialect::GoMicro, Route::new(named.unwrap_or(service), endpoint));
        }
        let Some((service, endpoint)) = names(path, named.unwrap_or(service)) else {
            // Somebody who names a service speaks go-micro, and reads nothing but its errors.
            let dialect = if post && named.is_some() { Dialect::GoMicro } else { Dialect::Plain };
            return Self::Nothing(dialect, nowhere(&parts.method, path), None);
        };
        if post {
            Self::Call(Dialect::Plain, Route::new(service, &endpoint))
        } else {
            not_allowed(&parts.method, path, Allow("POST"))
        }
    }
}

/// What HTTP/1.1 demands of every request (RFC 9112, section 3.2). go-micro's clients keep to it.
fn not_one_host(headers: &HeaderMap) -> Option<Error> {
    let why = match headers.get_all(header::HOST).iter().count() {
        0 => "the header `Host` is missing",
        1 => return None,
        _ => "there is more than one header `Host`",
    };
    Some(Error::invalid_argument(format!("{why}: a request of HTTP/1.1 has one")).not_reached())
}

/// A host beside the authority, which HTTP/2 has in its place (RFC 9113, section 8.3.1): who asks for whom, is told by one.
fn another_host(parts: &Parts) -> Option<Error> {
    let host = parts.headers.get(header::HOST)?;
    let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
    if authority.is_empty() || host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) {
        return None;
    }
    Some(Error::invalid_argument("the header `Host` is not the `:authority` of the request").not_reached())
}

/// A body in codings other than chunks alone, which hyper takes off without a word on the others: what is left would be
/// taken for the message.
fn not_chunked(headers: &HeaderMap) -> Option<Error> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let first = codings.next()?;
    if codings.next().is_none() && first.as_bytes().eq_ignore_ascii_case(b"chunked") {
        return None;
    }
    let detail = format!("unsupported transfer encoding {first:?} (read here: chunked, once)");
    Some(Error::unimplemented(detail).with_reason("UNSUPPORTED_TRANSFER_ENCODING").not_reached())
}

/// What go-micro sends over HTTP and is not spoken here.
fn not_spoken(headers: &HeaderMap) -> Option<Error> {
    if first(headers, [MICRO_STREAM, X_MICRO_STREAM]).is_some() {
        return Some(
            Error::unimplemented(
                "go-micro's streams over HTTP are not spoken here, as they lose messages: use its gRPC client, or HTTP/2 with \
                 content type application/connect+json",
            )
            .not_reached(),
        );
    }
    first(headers, [MICRO_TOPIC, X_MICRO_TOPIC])?;
    Some(
        Error::unimplemented("header `Micro-Topic`: messages to topics are not taken here, only calls")
            .not_reached(),
    )
}

/// The first of several headers that is there and not empty.
fn first<const N: usize>(headers: &HeaderMap, names: [HeaderName; N]) -> Option<&str> {
    names.into_iter().find_map(|name| text(headers, name)).filter(|text| !text.is_empty())
}

/// The service and the endpoint in a path: `/Handler/Method`, `/Handler.Method`, or either after `/service`.
fn names<'a>(path: &'a str, service: &'a str) -> Option<(&'a str, String)> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let all = (parts.next()?, parts.next(), parts.next(), parts.next());
    let (service, endpoint) = match all {
        (one, None, _, _) => (service, one.to_owned()),
        (service, Some(one), None, _) if one.contains('.') => (service, one.to_owned()),
        (handler, Some(method), None, _) => (service, format!("{handler}.{method}")),
        (service, Some(handler), Some(method), None) => (service, format!("{handler}.{method}")),
        _ => return None,
    };
    let whole = endpoint.split_once('.').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    (whole && !service.is_empty()).then_some((service, endpoint))
}

fn not_allowed(method: &Method, path: &str, allow: Allow) -> Asked {
    let error =
        Error::unimplemented(format!("`{}` has no {}: use {}", shown(path), shown(method.as_str()), allow.0))
            .with_reason("METHOD_NOT_ALLOWED")
            .with_http(405)
            .not_reached();
    Asked::Nothing(Dialect::Plain, error, Some(allow))
}

fn nowhere(method: &Method, path: &str) -> Error {
    Error::unimplemented(format!(
        "nothing is at `{} {}`: calls are POST /Handler/Method, or POST / with the headers Micro-Service and Micro-Endpoint",
        shown(method.as_str()),
        shown(path)
    ))
    .with_reason("UNKNOWN_PATH")
    .with_http(404)
    .not_reached()
}

/// What a peer sent, short enough for an error's text.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests;
