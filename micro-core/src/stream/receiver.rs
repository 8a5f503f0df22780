use std::fmt::{self, Debug, Formatter};
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::{Messages, Piece};
use crate::call::Answered;
use crate::pick::Answerer;
use crate::{Body, BodyStream, Call, Error, Format, Message, Metadata, Pulled, Result, Shutdown};

/// The receiving end of a stream: a handler's requests, or a caller's answers. Dropping it before the end cancels the
/// stream.
///
/// It is a [`futures_core::Stream`] too.
pub struct Receiver<T> {
    state: State,
    /// What came with the last message, and was not read yet.
    messages: Messages,
    format: Format,
    metadata: Metadata,
    trailers: Metadata,
    /// The call that this one was made for.
    parent: Option<Parent>,
    /// Whose messages they are, where this process called it.
    answerer: Answerer,
    message: PhantomData<fn() -> T>,
}

enum State {
    /// The head of the answer has not come yet.
    Calling(Call),
    One(Bytes),
    Streaming(BodyStream),
    Ended,
}

type Parent = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<T: Message> Receiver<T> {
    pub(crate) fn of_body(body: Body, format: Format) -> Self {
        let state = match body {
            Body::Empty => State::Ended,
            Body::One(bytes) => State::One(bytes),
            Body::Stream(stream) => State::Streaming(stream),
        };
        Self {
            state,
            messages: Messages::default(),
            format,
            metadata: Metadata::new(),
            trailers: Metadata::new(),
            parent: None,
            answerer: Answerer::default(),
            message: PhantomData,
        }
    }

    pub(crate) fn of_call(call: Call, format: Format, parent: Option<&Shutdown>) -> Self {
        let mut receiver = Self::of_body(Body::Empty, format);
        receiver.state = State::Calling(call);
        receiver.parent = parent.map(|parent| Box::pin(parent.fired()) as Parent);
        receiver
    }

    pub(crate) fn of_response(answered: Answered, format: Format, parent: Option<&Shutdown>) -> Self {
        let mut receiver = Self::of_body(Body::Empty, format);
        receiver.answered(answered);
        receiver.parent = parent.map(|parent| Box::pin(parent.fired()) as Parent);
        receiver
    }

    /// The next message; `None` at the end. After an error nothing comes any more.
    ///
    /// Cancel safe: a message is lost only when the future is dropped after it was ready.
    ///
    /// # Errors
    /// What the other side failed with, [`Code::Unavailable`](crate::Code::Unavailable) when it is gone,
    /// [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded), and
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for a message that cannot be read.
    pub async fn next(&mut self) -> Result<Option<T>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// What came before the first message; empty until that has come.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What came after the last message; empty until [`next`](Self::next) has said that there is none any more.
    #[must_use]
    pub fn trailers(&self) -> &Metadata {
        &self.trailers
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>>> {
        let result = match ready!(self.poll_came(cx)) {
            Ok(()) => {
                let read = self.messages.read(|message| match message {
                    Piece::Small(bytes) => T::decode_small(self.format, bytes),
                    Piece::Large(bytes) => T::decode(self.format, bytes),
                });
                read.transpose().map_err(|error| self.answerer.name(error))
            }
            Err(error) => Err(error),
        };
        if !matches!(result, Ok(Some(_))) {
            (self.state, self.messages) = (State::Ended, Messages::default());
        }
        Poll::Ready(result)
    }

    /// Ready when there is a message, or there are none any more.
    fn poll_came(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if let Some(parent) = &mut self.parent
            && parent.as_mut().poll(cx).is_ready()
        {
            self.parent = None;
            return Poll::Ready(Err(over()));
        }
        if !self.messages.is_empty() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_head(cx))?;
        match &mut self.state {
            State::Streaming(stream) => match ready!(stream.poll_messages(cx, &mut self.messages)) {
                Pulled::Messages => {}
                Pulled::End(trailers) => self.trailers = trailers.unwrap_or_default(),
                Pulled::Failed(error) => return Poll::Ready(Err(error)),
            },
            State::One(bytes) => {
                self.messages.push(std::mem::take(bytes));
                self.state = State::Ended;
            }
            State::Calling(_) | State::Ended => {}
        }
        Poll::Ready(Ok(()))
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let State::Calling(call) = &mut self.state else { return Poll::Ready(Ok(())) };
        let answered = ready!(call.poll_answered(cx))?;
        self.answered(answered);
        Poll::Ready(Ok(()))
    }

    /// The head of the answer is there.
    fn answered(&mut self, (response, answerer): Answered) {
        self.answerer = answerer;
        self.metadata = response.metadata().clone();
        self.trailers = response.trailers().clone();
        self.state = match response.body {
            Body::Empty => State::Ended,
            Body::One(bytes) => State::One(bytes),
            Body::Stream(stream) => State::Streaming(stream),
        };
    }
}

/// The error of a call whose parent is over.
pub(crate) fn over() -> Error {
    Error::cancelled("the call that this one was made for is over")
}

impl<T: Message> futures_core::Stream for Receiver<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.poll_message(cx).map(Result::transpose)
    }
}

impl<T> Debug for Receiver<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Calling(_) => "calling",
            State::One(_) | State::Streaming(_) => "streaming",
            State::Ended => "ended",
        };
        f.debug_struct("Receiver")
            .field("state", &state)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}
