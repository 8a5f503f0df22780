use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::{Body, Format, Message, Response, Result};

pin_project! {
    /// A handler that returns one message, as the future of its answer. An `async` block would have room for the handler
    /// twice: as what it is given, and as what it waits for.
    pub(super) struct Answered<T> {
        #[pin]
        handler: T,
        format: Format,
    }
}

impl<T> Answered<T> {
    pub(super) fn new(handler: T, format: Format) -> Self {
        Self { handler, format }
    }
}

impl<R: Message, T: Future<Output = Result<R>>> Future for Answered<T> {
    type Output = Result<Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let this = self.project();
        let bytes = ready!(this.handler.poll(cx))?.to_bytes(*this.format)?;
        Poll::Ready(Ok(Response::new(Body::One(bytes))))
    }
}
