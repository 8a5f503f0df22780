use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::{BodyStream, Frame, Result, Source};

pin_project! {
    /// A handler that streams its answer, as the body of that answer: it runs when its transport wants a frame.
    pub(super) struct Streamed<T> {
        #[pin]
        handler: Option<T>,
        // What its sender sent.
        answers: BodyStream,
        // A frame that was looked at to know whether the head may go out.
        first: Option<Option<Result<Frame>>>,
        // What comes after the messages: trailers, which wait for the handler as it may still fail, or its error.
        last: Option<Result<Frame>>,
        over: bool,
    }
}

impl<T> Streamed<T> {
    pub(super) fn new(handler: T, answers: BodyStream) -> Self {
        Self { handler: Some(handler), answers, first: None, last: None, over: false }
    }
}

impl<T: Future<Output = Result<()>> + Send> Source for Streamed<T> {
    fn poll_head(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.first.is_some() {
            return Poll::Ready(Ok(()));
        }
        let first = std::task::ready!(self.as_mut().poll_frame(cx));
        if let Some(Err(error)) = first {
            return Poll::Ready(Err(error));
        }
        *self.project().first = Some(first);
        Poll::Ready(Ok(()))
    }

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let mut this = self.project();
        if let Some(first) = this.first.take() {
            return Poll::Ready(first);
        }
        if *this.over {
            return Poll::Ready(None);
        }
        // What was sent before an error goes out before it: so the mailbox is looked at first, and again after the
        // handler ran, as that is what fills it.
        loop {
            let end = match this.answers.poll_frame(cx) {
                Poll::Ready(Some(Ok(Frame::Data(bytes)))) => {
                    return Poll::Ready(Some(Ok(Frame::Data(bytes))));
                }
                Poll::Ready(Some(last)) => {
                    *this.last = Some(last);
                    true
                }
                Poll::Ready(None) => true,
                Poll::Pending => false,
            };
            match this.handler.as_mut().as_pin_mut().map(|handler| handler.poll(cx)) {
                // Nothing is sent any more.
                Some(Poll::Pending) if end => return Poll::Pending,
                // It has sent something, or waits for something else; then its sender wakes this task.
                Some(Poll::Pending) => match this.answers.poll_frame(cx) {
                    Poll::Ready(Some(Ok(Frame::Data(bytes)))) => {
                        return Poll::Ready(Some(Ok(Frame::Data(bytes))));
                    }
                    Poll::Ready(Some(last)) => *this.last = Some(last),
                    Poll::Ready(None) => {}
                    Poll::Pending => return Poll::Pending,
                },
                Some(Poll::Ready(Ok(()))) => this.handler.set(None),
                Some(Poll::Ready(Err(error))) => {
                    this.handler.set(None);
                    *this.last = Some(Err(error));
                    // The message before the error is still in its place. A sender that lives elsewhere is told.
                    let sent = this.answers.poll_frame(cx);
                    *this.answers = BodyStream::empty();
                    if let Poll::Ready(Some(Ok(Frame::Data(bytes)))) = sent {
                        return Poll::Ready(Some(Ok(Frame::Data(bytes))));
                    }
                }
                // The handler is done; the stream ends when its sender, which may live elsewhere, is gone.
                None if end => {
                    *this.over = true;
                    return Poll::Ready(this.last.take());
                }
                None => return Poll::Pending,
            }
        }
    }
}
