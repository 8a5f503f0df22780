//! [`Body`]: one message, a stream of them, or none.

use std::fmt::{self, Debug, Formatter};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::{Error, Messages, Metadata, Result};

/// What a request or a response carries, encoded.
#[derive(Debug, Default)]
pub enum Body {
    /// No message.
    #[default]
    Empty,
    /// One message.
    One(Bytes),
    /// Messages as they come.
    Stream(BodyStream),
}

impl Body {
    /// Whether this is a stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        matches!(self, Self::Stream(_))
    }

    /// Copies what can be copied (the bytes are shared, not copied); `None` for a stream.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::One(bytes) => Some(Self::One(bytes.clone())),
            Self::Stream(_) => None,
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::One(bytes)
    }
}

/// A piece of a streamed body.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, never a part of one.
    Data(Bytes),
    /// What is said after the last message; at most once, and last.
    Trailers(Metadata),
}

/// Where a streamed body comes from. It is pulled: a frame is made only when the other side has room for it, which is
/// the back-pressure of streams. Dropping it early cancels.
pub trait Source: Send {
    /// Ready when the head of an answer may be sent: a first frame is at hand, or the end. An error here fails the
    /// call itself, so that its caller gets a plain error instead of a stream that breaks.
    fn poll_head(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The next frame; `None` at the end. Nothing comes after an error, trailers, or the end.
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>>;

    /// The next messages, as many as are at hand, put into `messages`, which is empty; or the end. A source is asked by
    /// this or by [`poll_frame`](Self::poll_frame), in any order.
    fn poll_messages(self: Pin<&mut Self>, cx: &mut Context<'_>, messages: &mut Messages) -> Poll<Pulled> {
        self.poll_frame(cx).map(|frame| match frame {
            Some(Ok(Frame::Data(message))) => {
                messages.push(message);
                Pulled::Messages
            }
            Some(Ok(Frame::Trailers(trailers))) => Pulled::End(Some(trailers)),
            Some(Err(error)) => Pulled::Failed(error),
            None => Pulled::End(None),
        })
    }
}

/// What [`Source::poll_messages`] comes to.
#[derive(Debug)]
pub enum Pulled {
    /// There are messages.
    Messages,
    /// There are none any more; what is said after the last one.
    End(Option<Metadata>),
    /// The stream broke.
    Failed(Error),
}

impl Pulled {
    /// The frame at the end of a stream.
    pub(crate) fn into_frame(self) -> Option<Result<Frame>> {
        match self {
            Self::Messages | Self::End(None) => None,
            Self::End(Some(trailers)) => Some(Ok(Frame::Trailers(trailers))),
            Self::Failed(error) => Some(Err(error)),
        }
    }
}

/// The messages of a streamed body, as they come.
pub struct BodyStream(Pin<Box<dyn Source>>);

impl BodyStream {
    /// A stream from its source.
    #[must_use]
    pub fn new(source: impl Source + 'static) -> Self {
        Self(Box::pin(source))
    }

    /// A stream that is at its end.
    #[must_use]
    pub fn empty() -> Self {
        Self::of([])
    }

    /// A stream of frames that are there already.
    #[must_use]
    pub fn of<I>(frames: I) -> Self
    where
        I: IntoIterator<Item = Frame>,
        I::IntoIter: Send + Unpin + 'static,
    {
        Self::new(Given(frames.into_iter()))
    }

    /// See [`Source::poll_head`].
    pub fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0.as_mut().poll_head(cx)
    }

    /// See [`Source::poll_frame`].
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        self.0.as_mut().poll_frame(cx)
    }

    /// See [`Source::poll_messages`].
    pub fn poll_messages(&mut self, cx: &mut Context<'_>, messages: &mut Messages) -> Poll<Pulled> {
        self.0.as_mut().poll_messages(cx, messages)
    }

    /// Waits for the next frame; `None` at the end.
    pub async fn frame(&mut self) -> Option<Result<Frame>> {
        poll_fn(|cx| self.poll_frame(cx)).await
    }
}

struct Given<I>(I);

impl<I: Iterator<Item = Frame> + Send + Unpin> Source for Given<I> {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// The same as [`futures_core::Stream`].
impl futures_core::Stream for BodyStream {
    type Item = Result<Frame>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_frame(cx)
    }
}

impl Debug for BodyStream {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("BodyStream")
    }
}
