//! A request becomes a call, and its answer a response.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderMap, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use micro_core::{
    Body, BodyStream, Error, Format, Frame, Head, Origin, Peer, Request, Response, Result, Route,
};

use super::activity::Activity;
use super::answer::{Answer, Held};
use super::asked::{Asked, Dialect};
use super::listener::Shared;
use super::permits::Permit;
use super::read::{self, Limits};
use super::reply::{Reply, Way};
use super::tasks::Spawner;
use crate::ListenOptions;
use crate::http::{envelope, headers};
use crate::lane::server::First;
use crate::waiting::Waiting;

/// What curl sends when it is not told what it sends.
const FORM: &str = "application/x-www-form-urlencoded";

/// When a caller is to come back that found the server full: so many calls do not end at once, nor connections.
pub(super) const BUSY: Duration = Duration::from_secs(1);

/// What the calls of one connection have in common.
pub(super) struct Inbound {
    shared: Arc<Shared>,
    activity: Arc<Activity>,
    origin: Arc<Origin>,
    /// Starts the tasks of streams.
    tasks: Spawner,
    /// The call with which the connection becomes a lane.
    first: Mutex<Option<First>>,
}

/// What a call comes to.
enum Outcome {
    Answer(Response),
    /// It is answered on the lane that its caller asked for.
    Lane(First),
}

/// What a request's content type says.
#[derive(Clone, Copy, Debug)]
struct Content {
    format: Format,
    /// Whether the messages are in envelopes.
    stream: bool,
}

impl Inbound {
    pub(super) fn new(shared: Arc<Shared>, activity: Arc<Activity>, peer: Peer, tasks: Spawner) -> Arc<Self> {
        Arc::new(Self {
            shared,
            activity,
            origin: Arc::new(Origin::from(Arc::new(peer))),
            tasks,
            first: Mutex::default(),
        })
    }

    /// The call with which the connection has become a lane, if it has.
    pub(super) fn first(&self) -> Option<First> {
        self.turned().take()
    }

    fn turned(&self) -> MutexGuard<'_, Option<First>> {
        // Nothing that runs under the lock leaves it half done.
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request is to be answered on a lane. A server that stops begins none.
    fn turns_to_lane(&self, dialect: Dialect, parts: &Parts) -> bool {
        dialect == Dialect::GoMicro
            && self.shared.options.protocols.lane
            && headers::is_lane_offered(parts)
            && !self.shared.stop.is_fired()
    }

    /// A request has come, and runs until this is dropped.
    pub(super) fn begin(&self) -> Held {
        Held::new(self.activity.begin())
    }
}

/// Answers a request whose head came at `received`. Dropping the future cancels the call.
pub(super) async fn respond(
    on: &Inbound,
    request: http::Request<Incoming>,
    received: Instant,
    mut held: Held,
) -> http::Response<Answer> {
    let (parts, body) = request.into_parts();
    // Taken out where it is read to its end, or the handler reads it.
    let mut body = Some(body);
    let reply = match Asked::of(&parts, &on.shared.options.service) {
        Asked::Health(probe) => {
            let (status, text) = probe.answer(&on.shared.options, on.shared.stop.is_fired());
            Reply::text(status, text)
        }
        Asked::Nothing(dialect, error, allow) => {
            let reply = Reply::error(&error.or_id(&on.shared.options.service), &Way::of(dialect, &parts));
            match allow {
                Some(allow) => reply.allow(allow),
                None => reply,
            }
        }
        Asked::Call(dialect, route) => {
            let mut way = Way::of(dialect, &parts);
            let call = call(on, (&parts, received), &mut body, route, &mut way, &mut held.permit);
            let result = held.running.unless_cancelled(call).await;
            let answer = match result {
                Ok(Outcome::Lane(first)) => {
                    *on.turned() = Some(first);
                    return Reply::lane(held);
                }
                Ok(Outcome::Answer(response)) => Ok(response),
                Err(error) => Err(error),
            };
            answer
                .and_then(|response| Reply::response(response, &way, &on.tasks))
                .unwrap_or_else(|error| Reply::error(&error.or_id(&on.shared.options.service), &way))
        }
    };
    if parts.version == Version::HTTP_2 {
        // Streams end by themselves there, and the connection has a frame to say that it will.
        if let Some(body) = body
            && !body.is_end_stream()
        {
            on.tasks.spawn(read::unwanted(body));
        }
        return reply.into_http(held, false);
    }
    let unread = match body {
        Some(body) => !read::rest(body).await,
        None => false,
    };
    if unread {
        on.activity.leave_unread();
    }
    reply.into_http(held, unread || on.shared.stop.is_fired())
}

async fn call(
    on: &Inbound,
    (parts, received): (&Parts, Instant),
    body: &mut Option<Incoming>,
    route: Route,
    way: &mut Way,
    permit: &mut Option<Permit>,
) -> Result<Outcome> {
    not_encoded(&parts.headers)?;
    let content = content(on, &parts.headers, way)?;
    if content.stream && parts.version < Version::HTTP_2 {
        return Err(Error::unimplemented(
            "streams of requests need HTTP/2, by prior knowledge: this is HTTP/1.1 (with curl: --http2-prior-knowledge)",
        )
        .with_reason("STREAM_NEEDS_HTTP2")
        .not_reached());
    }
    way.decide(content.format, content.stream);
    let mut head = Head::new(route, content.format);
    // Its time runs from when the head came, not from when there was a turn to look at it.
    head.deadline = headers::deadline(&parts.headers)?.map(|deadline| deadline.sooner_by(received.elapsed()));
    head.metadata = headers::metadata(&parts.headers)?;
    head.origin = Some(on.origin.clone());
    *permit = Some(on.shared.calls.take().ok_or_else(|| too_many(&on.shared.options))?);
    let deadline = head.deadline;
    let body = message(on, body, content, &head).await?;
    on.activity.serve();
    if on.turns_to_lane(way.dialect(), parts)
        && let Some(permit) = permit.take()
    {
        return Ok(Outcome::Lane(First { request: Request::new(head, body), permit }));
    }
    let waiting = Waiting { what: "handler", route: head.route.clone() };
    on.shared.app.dispatch(Request::new(head, body)).until(deadline, waiting).await.map(Outcome::Answer)
}

/// Bodies are read as they are: what is compressed would be taken for a message.
fn not_encoded(headers: &HeaderMap) -> Result<()> {
    let asked = headers.get_all(header::CONTENT_ENCODING);
    let is_none = |name: &[u8]| name.is_empty() || name.eq_ignore_ascii_case(b"identity");
    let mut names = asked.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let Some(name) = names.find(|name| !is_none(name.trim_ascii())) else { return Ok(()) };
    let shown: String = String::from_utf8_lossy(name.trim_ascii()).chars().take(100).collect();
    Err(Error::unimplemented(format!(
        "unsupported content encoding `{shown}` (read here: none): send the body as it is, without Content-Encoding"
    ))
    .with_reason("UNSUPPORTED_CONTENT_ENCODING")
    .with_http(415)
    .not_reached())
}

/// The format of a request, and of its answer.
fn content(on: &Inbound, headers: &HeaderMap, way: &Way) -> Result<Content> {
    let formats = &on.shared.options.formats;
    let asked = match headers.get(header::CONTENT_TYPE) {
        Some(value) => String::from_utf8_lossy(value.as_bytes()),
        // What all servers of go-micro take it for, and what people take it for.
        None if way.dialect() == Dialect::GoMicro => "application/protobuf".into(),
        None => "application/json".into(),
    };
    let found = match envelope::format_name(&asked) {
        // Connect's own name for it.
        Some("proto") => formats.named("protobuf").map(|format| Content { format, stream: true }),
        Some(name) => formats.named(name).map(|format| Content { format, stream: true }),
        None => formats.find(&asked).map(|format| Content { format, stream: false }),
    };
    found.ok_or_else(|| {
        let shown: String = asked.chars().take(100).collect();
        let error = Error::unsupported_format(&shown, formats.content_types());
        if !asked.starts_with(FORM) {
            return error;
        }
        let detail = format!("{}; with curl set -H 'Content-Type: application/json'", error.detail());
        error.with_detail(detail)
    })
}

/// The body of a call. A stream is read as its handler asks for it, all else before the call.
async fn message(on: &Inbound, body: &mut Option<Incoming>, content: Content, head: &Head) -> Result<Body> {
    let options = &on.shared.options;
    let limits =
        Limits { max_message: options.max_message, within: options.message_timeout, deadline: head.deadline };
    let Some(incoming) = body else { return Ok(Body::Empty) };
    if !content.stream {
        let bytes = read::whole(incoming, &limits).await?;
        *body = None;
        return Ok(if bytes.is_empty() { Body::Empty } else { Body::One(bytes) });
    }
    if incoming.size_hint().exact().is_none() {
        let stream = |body| Body::Stream(read::stream(body, &limits));
        return Ok(body.take().map_or(Body::Empty, stream));
    }
    let mut frames = read::envelopes(incoming, &limits).await?;
    *body = None;
    Ok(match (frames.pop(), frames.is_empty()) {
        (None, _) => Body::Empty,
        (Some(Frame::Data(bytes)), true) => Body::One(bytes),
        (Some(last), _) => {
            frames.push(last);
            Body::Stream(BodyStream::of(frames))
        }
    })
}

/// The error of a call for which there is no place.
pub(crate) fn too_many(options: &ListenOptions) -> Error {
    Error::resource_exhausted(format!(
        "{} calls run here at a time, which is the limit: see `max_calls`",
        options.max_calls
    ))
    .with_reason("TOO_MANY_CALLS")
    .with_retry_after(BUSY)
    .not_reached()
}
