//! How an answer, or an error, is written in the way that its caller reads.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Response as HttpResponse, StatusCode, Version};
use micro_core::{Body, Error, Format, Metadata, Response, Result};

use super::answer::{Answer, Content, Held};
use super::asked::{Allow, Dialect};
use super::pump::Pumped;
use super::taken;
use super::tasks::Spawner;
use crate::http::{envelope, headers};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The way in which a caller reads its answer.
#[derive(Debug)]
pub(super) struct Way {
    dialect: Dialect,
    /// Whether the answer is in envelopes.
    envelopes: bool,
    /// What the request is written in, as the request says it.
    content_type: Option<HeaderValue>,
    /// The format of the answer, once it is known.
    format: Option<Format>,
    id: Option<HeaderValue>,
    /// Whether the answer may be a stream though the request is none. One direction at a time works in HTTP/1.1 too.
    takes_streams: bool,
    /// Whether trailers can be sent.
    takes_trailers: bool,
}

impl Way {
    /// What the head of a request tells of it.
    pub(super) fn of(dialect: Dialect, parts: &Parts) -> Self {
        let http2 = parts.version == Version::HTTP_2;
        let te = headers::text(&parts.headers, header::TE).unwrap_or_default();
        Self {
            dialect,
            envelopes: false,
            content_type: parts.headers.get(header::CONTENT_TYPE).cloned(),
            format: None,
            id: parts.headers.get(headers::MICRO_ID).cloned(),
            takes_streams: headers::takes_streams(&parts.headers),
            takes_trailers: http2 || te.split(',').any(|one| one.trim().eq_ignore_ascii_case("trailers")),
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The format is known, and whether the request's messages are in envelopes, as the answer's are then.
    pub(super) fn decide(&mut self, format: Format, envelopes: bool) {
        (self.format, self.envelopes) = (Some(format), envelopes);
    }

    /// The content type of an answer that is no stream.
    fn content_type(&self) -> HeaderValue {
        match (&self.content_type, self.format) {
            (Some(asked), _) if self.dialect == Dialect::GoMicro => asked.clone(),
            (_, Some(format)) => value(format.content_type()),
            (Some(asked), None) => asked.clone(),
            (None, None) => JSON,
        }
    }
}

fn value(content_type: &str) -> HeaderValue {
    HeaderValue::from_str(content_type).unwrap_or(JSON)
}

/// A response without what is held until it is sent.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    content: Content,
}

impl Reply {
    fn new(status: StatusCode, content_type: HeaderValue, content: Content) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type);
        Self { status, headers, content }
    }

    /// A text for people.
    pub(super) fn text(status: StatusCode, text: String) -> Self {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        Self::new(status, plain, Content::bytes(text.into()))
    }

    /// An error.
    pub(super) fn error(error: &Error, way: &Way) -> Self {
        match (way.dialect, way.format) {
            (_, Some(format)) if way.envelopes => {
                let end = envelope::end(Some(error), &Metadata::new());
                Self::new(StatusCode::OK, value(&envelope::content_type(format)), Content::bytes(end))
            }
            (Dialect::GoMicro, _) => {
                let mut reply = Self::new(StatusCode::OK, way.content_type(), Content::Ended);
                headers::put_error(error, &mut reply.headers);
                headers::put_retry_after(error, &mut reply.headers);
                reply.with_id(way)
            }
            (Dialect::Plain, _) => {
                let status = StatusCode::from_u16(error.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut reply = Self::new(status, JSON, Content::bytes(error.to_json().into()));
                headers::put_retry_after(error, &mut reply.headers);
                reply
            }
        }
    }

    /// The answer of a handler. `tasks` starts the task of a stream.
    ///
    /// # Errors
    /// What answers the call instead, where its answer cannot be written.
    pub(super) fn response(response: Response, way: &Way, tasks: &Spawner) -> Result<Self> {
        let (metadata, trailers) = (response.metadata().clone(), response.trailers().clone());
        let mut reply = match (response.body, way.format) {
            (Body::Stream(stream), Some(format)) if way.envelopes || way.takes_streams => {
                let content = Content::Stream(Pumped::start(stream, tasks));
                Self::new(StatusCode::OK, value(&envelope::content_type(format)), content)
            }
            (Body::Stream(_), _) => return Err(unasked_stream(way.format)),
            (body, Some(format)) if way.envelopes => {
                Self::new(StatusCode::OK, value(&envelope::content_type(format)), at_hand(body, &trailers)?)
            }
            (body, _) => Self::whole(body, &trailers, way),
        };
        headers::put_metadata(&metadata, &mut reply.headers);
        Ok(reply)
    }

    fn whole(body: Body, trailers: &Metadata, way: &Way) -> Self {
        let bytes = match body {
            Body::One(bytes) => bytes,
            Body::Empty | Body::Stream(_) => Bytes::new(),
        };
        let mut reply = Self::new(StatusCode::OK, way.content_type(), Content::bytes(bytes));
        if !trailers.is_empty() && way.takes_trailers {
            reply.add_trailers(trailers);
        }
        reply.with_id(way)
    }

    fn add_trailers(&mut self, trailers: &Metadata) {
        let mut map = HeaderMap::new();
        headers::put_metadata(trailers, &mut map);
        let names: Vec<_> = map.keys().map(header::HeaderName::as_str).collect();
        // HTTP/1.1 sends those that are announced.
        if let Ok(names) = HeaderValue::try_from(names.join(", ")) {
            self.headers.insert(header::TRAILER, names);
        }
        let bytes = match std::mem::replace(&mut self.content, Content::Ended) {
            Content::Whole(bytes, _) => bytes,
            Content::Stream(_) | Content::Ended => None,
        };
        self.content = Content::Whole(bytes, Some(Box::new(map)));
    }

    /// The number by which a client of go-micro knows its request.
    fn with_id(mut self, way: &Way) -> Self {
        if way.dialect == Dialect::GoMicro
            && let Some(id) = &way.id
        {
            self.headers.insert(headers::MICRO_ID, id.clone());
        }
        self
    }

    /// Says which methods there are.
    pub(super) fn allow(mut self, allow: Allow) -> Self {
        self.headers.insert(header::ALLOW, HeaderValue::from_static(allow.0));
        self
    }

    /// The response that turns the connection to the lane, where the answer follows.
    pub(super) fn lane(held: Held) -> HttpResponse<Answer> {
        held.running.answered(true);
        headers::accept_lane(Answer::new(Content::Ended, held))
    }

    /// The response; `last` says that its connection ends with it.
    pub(super) fn into_http(mut self, held: Held, last: bool) -> HttpResponse<Answer> {
        if last {
            self.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if matches!(self.content, Content::Whole(..)) {
            taken::answered();
        }
        held.running.answered(!matches!(self.content, Content::Stream(_)));
        let mut response = HttpResponse::new(Answer::new(self.content, held));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// One message at most in its envelope, and the end: its length is told, which says that it is at hand.
fn at_hand(body: Body, trailers: &Metadata) -> Result<Content> {
    let end = envelope::end(None, trailers);
    Ok(Content::bytes(match body {
        Body::One(bytes) => [envelope::message(&bytes)?, end].concat().into(),
        Body::Empty | Body::Stream(_) => end,
    }))
}

fn unasked_stream(format: Option<Format>) -> Error {
    let content_type = format.map_or_else(|| "application/connect+json".to_owned(), envelope::content_type);
    Error::unimplemented(format!(
        "this endpoint answers with a stream: call it with the header `Accept: {content_type}`"
    ))
    .with_reason("STREAMED_ANSWER")
}
