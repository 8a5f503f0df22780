//! The head of a call as that of an HTTP request.

use http::{HeaderMap, HeaderValue, Method, Request, Uri, Version, header};
use micro_core::{Error, Format, Head, Result};

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
    put_formats(head.format, shape, headers)?;
    headers::put_metadata(&head.metadata, headers);
    let endpoint = value("endpoint", head.route.endpoint())?;
    headers.insert(headers::MICRO_SERVICE, value("service", head.route.service())?);
    headers.insert(headers::MICRO_ENDPOINT, endpoint.clone());
    headers.insert(headers::MICRO_METHOD, endpoint);
    headers.insert(headers::MICRO_ID, HeaderValue::from(number));
    if let Some(deadline) = head.deadline {
        headers::put_deadline(deadline, headers);
    }
    Ok(request)
}

/// What is sent, and what can be read as its answer.
fn put_formats(format: Format, shape: Shape, headers: &mut HeaderMap) -> Result<()> {
    let plain = || value("content type", format.content_type());
    let stream = || value("content type", &envelope::content_type(format));
    let (content_type, accept) = match shape {
        Shape::Streamed => (stream()?, stream()?),
        Shape::Unary | Shape::Http1 => {
            let both = format!("{}, {}", format.content_type(), envelope::content_type(format));
            (plain()?, value("content type", &both)?)
        }
    };
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::ACCEPT, accept);
    Ok(())
}

fn value(what: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Error::invalid_argument(format!("the {what} `{}` has a control character", text.escape_debug()))
            .not_reached()
    })
}
