//! The bodies of answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use micro_core::{self as core, Metadata};

use super::activity::Running;
use super::permits::Permit;
use super::pump::Pumped;
use crate::http::envelope;

/// The body of an answer, and what is held until it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    content: Content,
    held: Option<Held>,
}

/// How much of an answer is handed over at once, in bytes: with HTTP/2 what was handed over stays until it is taken, and
/// what was not is given up in time.
const AT_ONCE: usize = 64 * 1024;

/// Bytes of an answer. The last ones hold the place of their call until they are sent: answers that nobody reads would be
/// without a limit otherwise.
#[derive(Debug)]
pub(super) struct Piece {
    bytes: Bytes,
    _permit: Option<Permit>,
}

impl Buf for Piece {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.bytes.copy_to_bytes(count)
    }
}

/// What a call takes up until its answer is written.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) running: Running,
    /// None for what is no call.
    pub(super) permit: Option<Permit>,
}

impl Held {
    pub(super) fn new(running: Running) -> Self {
        Self { running, permit: None }
    }
}

/// What an answer consists of.
#[derive(Debug)]
pub(super) enum Content {
    /// Bytes, and trailers after them.
    Whole(Option<Bytes>, Option<Box<HeaderMap>>),
    /// Messages in envelopes, as they come.
    Stream(Pumped),
    /// Nothing more.
    Ended,
}

impl Answer {
    pub(super) fn new(content: Content, held: Held) -> Self {
        Self { content, held: Some(held) }
    }
}

impl Content {
    pub(super) fn bytes(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()), None)
    }
}

/// A frame of a stream in its envelope, and whether it is the last one.
fn sealed(frame: Option<core::Result<core::Frame>>) -> (Bytes, bool) {
    let nothing = Metadata::new();
    match frame {
        Some(Ok(core::Frame::Data(bytes))) => match envelope::message(&bytes) {
            Ok(sealed) => (sealed, false),
            Err(error) => (envelope::end(Some(&error), &nothing), true),
        },
        Some(Ok(core::Frame::Trailers(trailers))) => (envelope::end(None, &trailers), true),
        Some(Err(error)) => (envelope::end(Some(&error), &nothing), true),
        None => (envelope::end(None, &nothing), true),
    }
}

impl Body for Answer {
    type Data = Piece;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Piece>, Infallible>>> {
        let this = &mut *self;
        let bytes = match &mut this.content {
            Content::Whole(bytes, trailers) => match bytes {
                Some(all) if all.len() > AT_ONCE => Some(Ok(all.split_to(AT_ONCE))),
                Some(_) => bytes.take().map(Ok),
                None => trailers.take().map(Err),
            },
            Content::Stream(stream) => {
                // Looked at first: a stream that always has a next message would not end otherwise.
                let cancelled = match &mut this.held {
                    Some(held) => held.running.poll_cancelled(cx),
                    None => Poll::Pending,
                };
                let frame = match cancelled {
                    Poll::Ready(stopped) => Some(Err(stopped)),
                    Poll::Pending => ready!(stream.poll_frame(cx)),
                };
                let (bytes, last) = sealed(frame);
                if last {
                    this.content = Content::Ended;
                }
                Some(Ok(bytes))
            }
            Content::Ended => None,
        };
        let held = if this.is_end_stream() { this.held.take() } else { None };
        Poll::Ready(bytes.map(|piece| {
            Ok(match piece {
                Ok(bytes) => Frame::data(Piece { bytes, _permit: held.and_then(|held| held.permit) }),
                Err(trailers) => Frame::trailers(*trailers),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Whole(None, None) | Content::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes, None) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            // HTTP/1.1 has trailers only where it tells no length.
            Content::Whole(_, Some(_)) | Content::Stream(_) => SizeHint::new(),
            Content::Ended => SizeHint::with_exact(0),
        }
    }
}
