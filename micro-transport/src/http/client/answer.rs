//! The answer of an HTTP response, whichever version it came in.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::response::Parts;
use http::{HeaderMap, StatusCode, Version, header};
use micro_core::format::Kind;
use micro_core::{Body, BodyStream, Code, Error, Format, Metadata, Response, Result};

use super::connect::Target;
use super::error;
use super::stream::Envelopes;
use crate::http::envelope::{self, Decoder, Envelope};
use crate::http::headers;

/// What is quoted of an answer that is not understood, in bytes.
const SNIPPET: usize = 512;
/// What is read of a refusal that may be an error as JSON, in bytes.
const REFUSAL: usize = 16 * 1024;
/// What is read and thrown away of the body beside an error, so that its connection can be used again.
const DRAIN: usize = 64 * 1024;
/// How long either is waited for: over HTTP/2 go-micro refuses a call at once, and ends its answer when the request ends.
const REST: Duration = Duration::from_millis(500);

/// The body of a response: pieces of bytes, then trailers.
pub(super) trait Incoming:
    http_body::Body<Data = Bytes, Error = Error> + Send + Unpin + 'static
{
}

impl<B: http_body::Body<Data = Bytes, Error = Error> + Send + Unpin + 'static> Incoming for B {}

/// What a call waits for.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) target: Arc<Target>,
    pub(super) format: Format,
}

/// Reads an answer; of a stream its first message, its end, or its error.
///
/// # Errors
/// The call's error, or one of reading the answer.
pub(super) async fn read(head: Parts, mut body: impl Incoming, expected: &Expected) -> Result<Response> {
    if let Some(error) = headers::error(&head.headers) {
        drain(&mut body).await;
        return Err(headers::with_retry_after(error::of_go_micro(error), &head.headers));
    }
    if head.status != StatusCode::OK {
        let text = beginning(&mut body, REFUSAL).await;
        return Err(headers::with_retry_after(refused(head.status, &text, expected), &head.headers));
    }
    let content_type = headers::text(&head.headers, header::CONTENT_TYPE).unwrap_or_default();
    let mut response = if let Some(name) = envelope::format_name(content_type) {
        if name != expected.format.name() {
            return Err(mismatch(content_type, &snippet(&mut body).await, expected));
        }
        if head.headers.contains_key(header::CONTENT_LENGTH) {
            whole(collect(&head, &mut body, expected).await?, expected)?
        } else {
            Response::new(Body::Stream(BodyStream::new(Envelopes::open(body, expected).await?)))
        }
    } else if is_readable(content_type, expected.format) || is_nothing(&head.headers) {
        let collected = collect(&head, &mut body, expected).await?;
        let mut response = Response::new(Body::One(collected.bytes));
        if let Some(trailers) = collected.trailers {
            set(response.trailers_mut(), &trailers, expected)?;
        }
        response
    } else {
        return Err(mismatch(content_type, &snippet(&mut body).await, expected));
    };
    // go-micro sends back the headers of the first request on the connection, whosever that was.
    if !head.headers.contains_key(headers::MICRO_ENDPOINT) {
        let metadata = read_metadata(&head.headers, expected)?;
        if !metadata.is_empty() {
            *response.metadata_mut() = metadata;
        }
    }
    Ok(response)
}

/// Whether a body of this content type is a message: bytes as they are may be called anything.
fn is_readable(content_type: &str, format: Format) -> bool {
    content_type.is_empty() || format.kind() == Kind::Raw || format.is(content_type)
}

/// Whether it is an empty message of go-micro: its content type is then that of the connection's first request.
fn is_nothing(headers: &HeaderMap) -> bool {
    headers.contains_key(headers::MICRO_ENDPOINT)
        && headers::text(headers, header::CONTENT_LENGTH).is_some_and(|length| length == "0")
}

pub(super) fn read_metadata(headers: &HeaderMap, expected: &Expected) -> Result<Metadata> {
    headers::metadata(headers).map_err(|error| error::unreadable(expected.target.address(), error.detail()))
}

fn set(place: &mut Metadata, headers: &HeaderMap, expected: &Expected) -> Result<()> {
    *place = read_metadata(headers, expected)?;
    Ok(())
}

/// An answer with another status than a service of go-micro or ours gives to who calls it by headers: something in
/// between refused the call, or one of ours did before it read them, and then the error is the body.
fn refused(status: StatusCode, body: &[u8], expected: &Expected) -> Error {
    if let Ok(json) = std::str::from_utf8(body) {
        let error = Error::from_json(json);
        // Anybody's JSON can be read so; what was an error says the same as the status.
        if error.http() == status.as_u16() && error.code() != Code::Unknown && !error.detail().is_empty() {
            return error;
        }
    }
    let address = expected.target.address();
    let text = one_line(body);
    let quoted = if text.is_empty() { String::new() } else { format!(": {text}") };
    if status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE {
        // Who says so has not read the request: over HTTP/2 this is all that our servers say.
        let detail =
            format!("the head of the request is larger than {address} takes (see `max_header`){quoted}");
        return Error::invalid_argument(detail).with_reason("HEAD_TOO_LARGE").with_http(431).not_reached();
    }
    Error::new(Code::from_http(status.as_u16()), format!("{address} answered HTTP status {status}{quoted}"))
        .with_http(status.as_u16())
}

/// An answer in another content type than the call's.
fn mismatch(content_type: &str, text: &str, expected: &Expected) -> Error {
    let asked = expected.format.content_type();
    if text.starts_with("unsupported Content-Type") {
        // go-micro's words, under status 200.
        let streamed = text.contains(&envelope::content_type(expected.format));
        let what = if streamed { "streams of " } else { "" };
        return Error::unsupported_format(asked, [])
            .with_detail(format!("{} does not speak {what}`{asked}`: {text}", expected.target.address()));
    }
    let why = format!("it is `{}` and not `{asked}`: {text}", content_type.escape_debug());
    error::unreadable(expected.target.address(), why)
}

/// A body that was read to its end.
struct Collected {
    bytes: Bytes,
    trailers: Option<HeaderMap>,
}

/// Reads one message.
async fn collect(head: &Parts, body: &mut impl Incoming, expected: &Expected) -> Result<Collected> {
    let (address, limit) = (expected.target.address(), expected.target.options().max_message);
    let too_large = |size| error::answer_too_large(address, size, limit);
    if let Some(size) = body.size_hint().exact().filter(|size| *size > limit as u64) {
        return Err(too_large(Some(size)));
    }
    let mut collected = Collected { bytes: Bytes::new(), trailers: None };
    // Most answers are one piece, which is kept as it is.
    let mut pieces = BytesMut::new();
    loop {
        let earlier = collected.bytes.len() + pieces.len();
        // What is announced is not waited for where it is too much already.
        let frame = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Pending => {
                let announced = (earlier as u64).saturating_add(body.size_hint().lower());
                let size = told(head).map_or(announced, |told| told.max(announced));
                if size > limit as u64 {
                    Poll::Ready(Some(Err(too_large(Some(size)))))
                } else {
                    Poll::Pending
                }
            }
            ready => ready,
        });
        let Some(frame) = frame.await else { break };
        match frame?.into_data() {
            Ok(piece) => {
                if earlier + piece.len() > limit {
                    return Err(too_large(None));
                }
                if earlier == 0 {
                    collected.bytes = piece;
                } else {
                    pieces.extend_from_slice(&std::mem::take(&mut collected.bytes));
                    pieces.extend_from_slice(&piece);
                }
            }
            Err(frame) => collected.trailers = frame.into_trailers().ok(),
        }
    }
    if !pieces.is_empty() {
        collected.bytes = pieces.freeze();
    }
    Ok(collected)
}

/// The length that the head tells over HTTP/2, where it is not a part of the framing.
fn told(head: &Parts) -> Option<u64> {
    let length = head.headers.get(header::CONTENT_LENGTH).filter(|_| head.version == Version::HTTP_2)?;
    length.to_str().ok()?.parse().ok()
}

/// An answer in envelopes that came at once: it has one message at most.
fn whole(collected: Collected, expected: &Expected) -> Result<Response> {
    let address = expected.target.address();
    let mut decoder = Decoder::new(expected.target.options().max_message);
    decoder.push(collected.bytes);
    let mut response = Response::default();
    loop {
        match decoder.next().map_err(|error| error::of_envelope(address, error))? {
            Some(Envelope::Message(bytes)) if matches!(response.body, Body::Empty) => {
                response.body = Body::One(bytes);
            }
            Some(Envelope::Message(_)) => {
                return Err(error::unreadable(address, "it has several messages for one"));
            }
            Some(Envelope::End(end)) => {
                if let Some(error) = end.error {
                    return Err(error);
                }
                if !end.trailers.is_empty() {
                    *response.trailers_mut() = end.trailers;
                }
                return Ok(response);
            }
            None => return Err(error::broken(address, "it has no end")),
        }
    }
}

async fn next(body: &mut impl Incoming) -> Option<Result<http_body::Frame<Bytes>>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// Reads the rest of a body, if there is not much of it.
async fn drain(body: &mut impl Incoming) {
    let mut size = 0;
    let reading = async {
        while size <= DRAIN
            && let Some(Ok(frame)) = next(body).await
        {
            size += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // What is not read by then costs the connection, and not the caller's time.
    let _ = tokio::time::timeout(REST, reading).await;
}

/// The beginning of a body that is not understood, on one line.
async fn snippet(body: &mut impl Incoming) -> String {
    one_line(&beginning(body, SNIPPET).await)
}

fn one_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SNIPPET)]);
    text.split_whitespace().collect::<Vec<_>>().join(" ").escape_debug().collect()
}

/// The first bytes of a body.
async fn beginning(body: &mut impl Incoming, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let reading = async {
        while bytes.len() < limit
            && let Some(Ok(frame)) = next(body).await
        {
            let piece = frame.data_ref().map_or(&[][..], |piece| piece);
            bytes.extend_from_slice(&piece[..piece.len().min(limit - bytes.len())]);
        }
    };
    // What there is by then is quoted.
    let _ = tokio::time::timeout(REST, reading).await;
    bytes
}
