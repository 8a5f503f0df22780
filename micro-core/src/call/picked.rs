use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::{BodyStream, Frame, Messages, Outcome, Pick, Pulled, Result, Source};

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
        if matches!(frame, Some(Ok(Frame::Data(_)))) {
            return Poll::Ready(frame);
        }
        Poll::Ready(match (self.pick.take(), frame) {
            (Some(pick), Some(Err(error))) => Some(Err(pick.failed(error))),
            (Some(pick), frame) => {
                pick.done(Outcome::Ok);
                frame
            }
            (None, frame) => frame,
        })
    }

    fn poll_messages(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        messages: &mut Messages,
    ) -> Poll<Pulled> {
        let pulled = ready!(self.stream.poll_messages(cx, messages));
        Poll::Ready(match (self.pick.take_if(|_| !matches!(pulled, Pulled::Messages)), pulled) {
            (Some(pick), Pulled::Failed(error)) => Pulled::Failed(pick.failed(error)),
            (Some(pick), pulled) => {
                pick.done(Outcome::Ok);
                pulled
            }
            (None, pulled) => pulled,
        })
    }
}
