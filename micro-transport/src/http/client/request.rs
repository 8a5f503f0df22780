//! The head of a call as that of an HTTP request.

use std::sync::OnceLock;

use http::{HeaderValue, Method, Request, Uri, Version, header};
use micro_core::{Deadline, Error, Format, Head, Result};

use super::connect::Target;
use crate::http::{envelope, headers};

/// How a call goes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// One message, over HTTP/1.1, to whoever may be there.
    Http1,
    /// One message, over HTTP/2.
    Unary,
    /// A stream of messages, over HTTP/2.
    Streamed,
}

/// The request of a call, without its body.
///
/// # Errors
/// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), not reached, for names that no header can have.
pub(super) fn request(target: &Target, head: &Head, number: u64, shape: Shape) -> Result<Request<()>> {
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    if shape == Shape::Http1 {
        *request.uri_mut() = Uri::from_static("/");
    } else {
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = target.uri().clone();
    }
    let headers = request.headers_mut();
    headers.reserve(8 + head.metadata.len());
    if shape == Shape::Http1 {
        headers.insert(header::HOST, target.authority().clone());
    }
    let names = target.formats().of(head.format)?;
    let (content_type, accept) = match shape {
        Shape::Streamed => (names.stream.clone(), names.stream),
        // What is known to be none of ours reads what go-micro sends.
        Shape::Http1 if target.is_foreign() => (names.message.clone(), names.message),
        Shape::Unary | Shape::Http1 => (names.message, names.both),
    };
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::ACCEPT, accept);
    headers::put_metadata(&head.metadata, headers);
    let endpoint = value("endpoint", head.route.endpoint())?;
    headers.insert(headers::MICRO_SERVICE, value("service", head.route.service())?);
    headers.insert(headers::MICRO_ENDPOINT, endpoint.clone());
    headers.insert(headers::MICRO_METHOD, endpoint);
    headers.insert(headers::MICRO_ID, HeaderValue::from(number));
    Ok(request)
}

/// Says how long its caller waits, from now: just before it goes out, as it may have waited itself.
///
/// # Errors
/// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when it waits no more.
pub(super) fn stamp<B>(request: &mut Request<B>, deadline: Option<Deadline>) -> Result<()> {
    match deadline {
        Some(deadline) => headers::put_deadline(deadline, request.headers_mut()),
        None => Ok(()),
    }
}

/// The content types of a format.
#[derive(Clone, Debug)]
struct Names {
    /// That of one message.
    message: HeaderValue,
    /// That of a stream of them.
    stream: HeaderValue,
    /// Either, which is what one message may be answered with.
    both: HeaderValue,
}

impl Names {
    fn new(format: Format) -> Result<Self> {
        let (message, stream) = (format.content_type(), envelope::content_type(format));
        Ok(Self {
            message: value("content type", message)?,
            stream: value("content type", &stream)?,
            both: value("content type", &format!("{message}, {stream}"))?,
        })
    }
}

/// The content types of the format that most calls to an address are made in, which is the first one.
#[derive(Default, Debug)]
pub(super) struct FormatNames(OnceLock<(Format, Names)>);

impl FormatNames {
    fn of(&self, format: Format) -> Result<Names> {
        match self.0.get() {
            Some((first, names)) if *first == format => Ok(names.clone()),
            Some(_) => Names::new(format),
            None => {
                let names = Names::new(format)?;
                // Another call may be faster; then this one is not the first.
                let _ = self.0.set((format, names.clone()));
                Ok(names)
            }
        }
    }
}

fn value(what: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Error::invalid_argument(format!("the {what} `{}` has a control character", text.escape_debug()))
            .not_reached()
    })
}
