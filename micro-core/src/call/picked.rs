use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::{BodyStream, Frame, Outcome, Pick, Result, Source};

/// A streamed answer that tells its pick how it ended.
pub(super) struct PickedBody {
    stream: BodyStream,
    pick: Option<Pick>,
}

impl PickedBody {
    pub(super) fn new(stream: BodyStream, pick: Pick) -> Self {
        Self { stream, pick: Some(pick) }
    }
}

impl Source for PickedBody {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let frame = ready!(self.stream.poll_frame(cx));
        let outcome = match &frame {
            Some(Ok(Frame::Data(_))) => return Poll::Ready(frame),
            Some(Ok(Frame::Trailers(_))) | None => Outcome::Ok,
            Some(Err(error)) => Outcome::from(error),
        };
        if let Some(pick) = self.pick.take() {
            pick.done(outcome);
        }
        Poll::Ready(frame)
    }
}
