//! The limit on the size of messages.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use micro_core::{BodyStream, Error, Frame, Result, Source};

/// The message, unless it is above the limit of whoever reads it.
pub(super) fn message(bytes: Bytes, most: usize) -> Result<Bytes> {
    if bytes.len() <= most {
        return Ok(bytes);
    }
    Err(Error::message_too_large(Some(bytes.len() as u64), most as u64, "max_message"))
}

/// The same for a frame of a stream, which is a part of a call that runs.
pub(super) fn frame(frame: Result<Frame>, most: usize) -> Result<Frame> {
    match frame.map_err(Error::without_source)? {
        Frame::Data(bytes) => message(bytes, most).map(Frame::Data).map_err(Error::maybe_reached),
        trailers @ Frame::Trailers(_) => Ok(trailers),
    }
}

/// A streamed request, which ends with an error at a message above the limit.
pub(super) struct Limited {
    stream: BodyStream,
    most: usize,
    over: bool,
}

impl Limited {
    pub(super) fn new(stream: BodyStream, most: usize) -> Self {
        Self { stream, most, over: false }
    }
}

impl Source for Limited {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let next = ready!(self.stream.poll_frame(cx)).map(|next| frame(next, self.most));
        if matches!(next, Some(Err(_))) {
            self.over = true;
            self.stream = BodyStream::empty();
        }
        Poll::Ready(next)
    }
}
