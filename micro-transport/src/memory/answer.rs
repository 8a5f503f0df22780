use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use micro_core::{Frame, Result, Slots, Source};

use super::port::Port;

/// A streamed answer: the handler runs when its caller asks for a frame.
pub(super) struct Answer {
    port: Arc<Port>,
    /// The slot of the call; `None` when that has ended.
    key: Option<u32>,
}

impl Answer {
    pub(super) fn new(port: Arc<Port>, key: u32) -> Self {
        Self { port, key: Some(key) }
    }
}

impl Source for Answer {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let Some(key) = self.key else { return Poll::Ready(None) };
        let frame = ready!(self.port.poll_answer(key, cx));
        if !matches!(frame, Some(Ok(Frame::Data(_)))) {
            self.key = None;
        }
        Poll::Ready(frame)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.port.cancel(key);
        }
    }
}
