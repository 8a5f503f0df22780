use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::stream::pipe::{Reader, Taken};
use crate::{Frame, Messages, Pulled, Result, Source};

pin_project! {
    /// A handler that streams its answer, as the body of that answer: it runs when its transport wants a frame.
    pub(super) struct Streamed<T> {
        #[pin]
        handler: Option<T>,
        // What its sender sent; nobody reads it any more once the handler has failed.
        answers: Option<Reader>,
        // What of that was taken, and is not handed out: to know whether the head may go out, or one by one.
        messages: Messages,
        // The end, where it was found instead.
        first: Option<Pulled>,
        // What comes after the messages: trailers, which wait for the handler as it may still fail, or its error.
        last: Option<Pulled>,
        over: bool,
    }
}

impl<T: Future<Output = Result<()>> + Send> Streamed<T> {
    pub(super) fn new(handler: T, answers: Reader) -> Self {
        Self {
            handler: Some(handler),
            answers: Some(answers),
            messages: Messages::default(),
            first: None,
            last: None,
            over: false,
        }
    }

    /// What comes next, messages into `messages`, which is empty.
    fn pull(self: Pin<&mut Self>, cx: &mut Context<'_>, messages: &mut Messages) -> Poll<Pulled> {
        let mut this = self.project();
        if let Some(first) = this.first.take() {
            return Poll::Ready(first);
        }
        if *this.over {
            return Poll::Ready(Pulled::End(None));
        }
        // What was sent before an error goes out before it: so what there is is looked at first, and again after the
        // handler ran, as that is what sends.
        loop {
            let runs = this.handler.is_some();
            let taken = match this.answers {
                Some(answers) if runs => answers.take_before(messages),
                Some(answers) => answers.take(cx, messages),
                None => Taken::End,
            };
            let end = match taken {
                Taken::Messages => return Poll::Ready(Pulled::Messages),
                Taken::Trailers(trailers) => {
                    *this.last = Some(Pulled::End(Some(trailers)));
                    true
                }
                Taken::End => true,
                Taken::Nothing => false,
            };
            let handler = this.handler.as_mut().as_pin_mut();
            let ran = handler.map(|handler| match this.answers {
                Some(answers) => answers.turn(messages, || handler.poll(cx)),
                None => handler.poll(cx),
            });
            let mut look = || this.answers.as_mut().map_or(Taken::End, |answers| answers.take(cx, messages));
            match ran {
                // Nothing is sent any more.
                Some(Poll::Pending) if end => return Poll::Pending,
                // It has sent something, or waits for something else; then its sender wakes this task.
                Some(Poll::Pending) => match look() {
                    Taken::Messages => return Poll::Ready(Pulled::Messages),
                    Taken::Trailers(trailers) => *this.last = Some(Pulled::End(Some(trailers))),
                    Taken::End => {}
                    Taken::Nothing => return Poll::Pending,
                },
                Some(Poll::Ready(Ok(()))) => this.handler.set(None),
                Some(Poll::Ready(Err(error))) => {
                    this.handler.set(None);
                    // The messages before the error are still there. A sender that lives elsewhere is told.
                    let sent = look();
                    *this.last = Some(Pulled::Failed(error));
                    *this.answers = None;
                    if let Taken::Messages = sent {
                        return Poll::Ready(Pulled::Messages);
                    }
                }
                // The handler is done; the stream ends when its sender, which may live elsewhere, is gone.
                None if end => {
                    *this.over = true;
                    return Poll::Ready(this.last.take().unwrap_or(Pulled::End(None)));
                }
                None => return Poll::Pending,
            }
        }
    }
}

impl<T: Future<Output = Result<()>> + Send> Source for Streamed<T> {
    fn poll_head(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if !self.messages.is_empty() || self.first.is_some() {
            return Poll::Ready(Ok(()));
        }
        let mut messages = Messages::default();
        let first = ready!(self.as_mut().pull(cx, &mut messages));
        let this = self.project();
        *this.messages = messages;
        match first {
            Pulled::Messages => {}
            Pulled::Failed(error) => return Poll::Ready(Err(error)),
            Pulled::End(_) => *this.first = Some(first),
        }
        Poll::Ready(Ok(()))
    }

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if self.messages.is_empty() {
            let mut messages = std::mem::take(self.as_mut().project().messages);
            let pulled = self.as_mut().pull(cx, &mut messages);
            *self.as_mut().project().messages = messages;
            match ready!(pulled) {
                Pulled::Messages => {}
                last => return Poll::Ready(last.into_frame()),
            }
        }
        Poll::Ready(self.project().messages.pop().map(|message| Ok(Frame::Data(message))))
    }

    fn poll_messages(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        messages: &mut Messages,
    ) -> Poll<Pulled> {
        if self.messages.is_empty() {
            return self.pull(cx, messages);
        }
        std::mem::swap(self.as_mut().project().messages, messages);
        Poll::Ready(Pulled::Messages)
    }
}
