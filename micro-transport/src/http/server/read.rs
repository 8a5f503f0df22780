//! Reading the bodies of requests.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use micro_core::{BodyStream, Deadline, Error, Frame, Metadata, Result, Source};
use tokio::time::{Sleep, sleep};

use super::linger;
use crate::http::envelope::{Decoder, Envelope};

/// The setting that limits the size of a message.
const SETTING: &str = "max_message";

/// How much of a body is read, and how long is waited for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_message: usize,
    /// How long a message may take to come.
    pub(super) within: Duration,
    pub(super) deadline: Option<Deadline>,
}

/// The whole of a body that is one message. A body whose length is told and too large is not read at all.
pub(super) async fn whole(body: &mut Incoming, limits: &Limits) -> Result<Bytes> {
    let (told, max) = (body.size_hint().lower(), limits.max_message);
    if told > max as u64 {
        return Err(Error::message_too_large(Some(told), max as u64, SETTING));
    }
    let left = limits.deadline.map_or(Duration::MAX, Deadline::left);
    match tokio::time::timeout(left.min(limits.within), gather(body, max)).await {
        Ok(message) => message,
        Err(_) if left <= limits.within => Err(Deadline::error("reading the request").not_reached()),
        Err(_) => Err(slow(limits.within).not_reached()),
    }
}

async fn gather(body: &mut Incoming, max: usize) -> Result<Bytes> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(piece) = body.frame().await {
        // What is no data is trailers, which a message of these dialects has not.
        let Ok(piece) = piece.map_err(|error| broken(&error).not_reached())?.into_data() else { continue };
        if first.len().max(all.len()) + piece.len() > max {
            return Err(Error::message_too_large(None, max as u64, SETTING));
        }
        if first.is_empty() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            // Not what the peer tells: a length alone costs it nothing.
            all.reserve(first.len() + piece.len());
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads what was not wanted of a body, if it is told to be little, so that its connection goes on; says whether it is
/// at its end then.
pub(super) async fn rest(mut body: Incoming) -> bool {
    /// What is little, in bytes, and how long is waited for it.
    const LITTLE: (u64, Duration) = (64 * 1024, Duration::from_millis(100));
    if body.is_end_stream() {
        return true;
    }
    if body.size_hint().upper().is_none_or(|size| size > LITTLE.0) {
        return false;
    }
    let reading = async { while let Some(Ok(_)) = body.frame().await {} };
    // The end is the end of the body, or of the connection.
    tokio::time::timeout(LITTLE.1, reading).await.is_ok()
}

/// Reads what was not wanted of a body over HTTP/2, for a bounded time and size, while its answer is on its way. A body
/// that is dropped unread resets its stream, and clients that are still sending then take that for the answer (curl
/// does).
pub(super) async fn unwanted(mut body: Incoming) {
    let reading = async {
        let mut left = linger::SIZE;
        while let Some(Ok(piece)) = body.frame().await {
            let Some(rest) = left.checked_sub(piece.data_ref().map_or(0, Bytes::len)) else { return };
            left = rest;
        }
    };
    // Late or not, the stream is reset now if its peer still sends.
    let _ = tokio::time::timeout(linger::TIME, reading).await;
}

/// The messages of a stream that is at hand: its length was told, and it is read at once.
pub(super) async fn envelopes(body: &mut Incoming, limits: &Limits) -> Result<Vec<Frame>> {
    /// What may be around one message: its envelope, and an empty end's.
    const AROUND: usize = 64;
    let limits = Limits { max_message: limits.max_message.saturating_add(AROUND), ..*limits };
    let bytes = whole(body, &limits).await?;
    let mut decoder = Decoder::new(limits.max_message - AROUND);
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(envelope) = decoder.next().map_err(Error::not_reached)? {
        match envelope {
            Envelope::Message(bytes) => frames.push(Frame::Data(bytes)),
            Envelope::End(end) => match end.error {
                Some(error) => return Err(error.not_reached()),
                None if !end.trailers.is_empty() => frames.push(Frame::Trailers(end.trailers)),
                None => {}
            },
        }
    }
    if decoder.is_between() { Ok(frames) } else { Err(cut_off().not_reached()) }
}

/// The messages of a stream as they come, read when the handler asks for them.
pub(super) fn stream(body: Incoming, limits: &Limits) -> BodyStream {
    let (decoder, within) = (Decoder::new(limits.max_message), limits.within);
    BodyStream::new(Messages { body, decoder, within, late: None, over: false })
}

struct Messages {
    body: Incoming,
    decoder: Decoder,
    /// How long a message may take.
    within: Duration,
    /// Fires when the message of which a part has come took too long.
    late: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Messages {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame>>> {
        loop {
            match self.decoder.next()? {
                Some(Envelope::Message(bytes)) => {
                    self.late = None;
                    return Poll::Ready(Ok(Some(Frame::Data(bytes))));
                }
                Some(Envelope::End(end)) => return Poll::Ready(ended(end.error, end.trailers)),
                None => {}
            }
            let Poll::Ready(piece) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.poll_late(cx));
                return Poll::Ready(Err(slow(self.within)));
            };
            match piece {
                Some(Ok(piece)) => {
                    // HTTP's own trailers say nothing in this framing.
                    if let Ok(piece) = piece.into_data() {
                        self.decoder.push(piece);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(broken(&error))),
                None if self.decoder.is_between() => return Poll::Ready(Ok(None)),
                None => return Poll::Ready(Err(cut_off())),
            }
        }
    }
}

impl Messages {
    /// Ready when a message has begun and takes too long. Between messages a stream may rest.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.decoder.is_between() {
            return Poll::Pending;
        }
        let within = self.within;
        self.late.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(cx)
    }
}

impl Source for Messages {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_next(cx)).transpose();
        self.over = !matches!(next, Some(Ok(Frame::Data(_))));
        Poll::Ready(next)
    }
}

fn ended(error: Option<Error>, trailers: Metadata) -> Result<Option<Frame>> {
    match error {
        Some(error) => Err(error),
        None if trailers.is_empty() => Ok(None),
        None => Ok(Some(Frame::Trailers(trailers))),
    }
}

/// A body that breaks the rules of its framing, or that ended before its end: then mostly nobody is there any more to
/// read this.
fn broken(error: &hyper::Error) -> Error {
    let cause = error.source();
    let ill_formed = match cause.and_then(<dyn StdError>::downcast_ref::<io::Error>) {
        Some(error) => matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData),
        // A reset that this side decided on.
        None => cause.and_then(<dyn StdError>::downcast_ref::<h2::Error>).is_some_and(h2::Error::is_library),
    };
    if ill_formed {
        let why = cause.map(ToString::to_string).unwrap_or_default();
        return Error::invalid_argument(format!("the body of the request is ill-formed HTTP: {why}"))
            .with_reason("ILL_FORMED_BODY");
    }
    Error::cancelled(format!("the caller went away in the middle of its request: {error}"))
}

fn slow(within: Duration) -> Error {
    Error::deadline_exceeded(format!(
        "the message did not come whole within {within:?}: see `message_timeout`"
    ))
    .with_reason("SLOW_MESSAGE")
    .with_http(408)
}

fn cut_off() -> Error {
    Error::invalid_argument("the stream of requests ends in the middle of a message")
}
