use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::exchange::one;
use super::{Client, RequestBuilder};
use crate::{Call, Format, Message, Receiver, Result, Route, Sender, Shutdown, stream};

impl Client {
    /// Calls an endpoint, and waits for its answer.
    ///
    /// The message is encoded again for each attempt, and nothing is copied for a call that succeeds at once.
    ///
    /// ```no_run
    /// # async fn f(client: micro_core::Client) -> micro_core::Result<()> {
    /// let answer: String = client.call(("helloworld", "Helloworld.Call"), "Jane".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the handler failed with, and otherwise:
    /// [`Code::NotFound`](crate::Code::NotFound) when nobody has the service's name,
    /// [`Code::Unavailable`](crate::Code::Unavailable) when none of its nodes can be reached,
    /// [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded) when time is up, and
    /// [`Code::Cancelled`](crate::Code::Cancelled) when the call that this one is made for is over.
    pub fn call<Q: Message, R: Message>(
        &self,
        route: impl Into<Route>,
        message: Q,
    ) -> impl Future<Output = Result<R>> + Send {
        self.request(route).call(message)
    }

    /// Calls an endpoint that answers with a stream, and waits until that begins.
    ///
    /// # Errors
    /// As [`call`](Self::call); an error after the first message comes from [`Receiver::next`].
    pub fn server_stream<Q: Message, R: Message>(
        &self,
        route: impl Into<Route>,
        message: Q,
    ) -> impl Future<Output = Result<Receiver<R>>> + Send {
        self.request(route).server_stream(message)
    }

    /// Calls an endpoint that takes a stream and answers once. What is sent goes out whether or not the answer is
    /// awaited; dropping the [`Answer`] cancels the call.
    #[must_use = "dropping the answer cancels the call"]
    pub fn client_stream<Q: Message, R: Message>(&self, route: impl Into<Route>) -> (Sender<Q>, Answer<R>) {
        self.request(route).client_stream()
    }

    /// Calls an endpoint that takes a stream and answers with one.
    #[must_use = "dropping the receiver cancels the call"]
    pub fn bidirectional<Q: Message, R: Message>(&self, route: impl Into<Route>) -> (Sender<Q>, Receiver<R>) {
        self.request(route).bidirectional()
    }

    /// One call that differs from the others of this handle: with metadata of its own, or another timeout.
    ///
    /// ```no_run
    /// # async fn f(client: micro_core::Client) -> micro_core::Result<()> {
    /// let request = client.request(("helloworld", "Helloworld.Call")).metadata("tenant", "acme");
    /// let answer: String = request.call("Jane".to_owned()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, route: impl Into<Route>) -> RequestBuilder<'_> {
        RequestBuilder::new(self, route.into())
    }

    /// The format of a call: its own, or else the first that both messages speak.
    pub(super) fn spoken<Q: Message, R: Message>(&self) -> Format {
        let (own, others) = (self.terms.format, &self.terms.formats);
        let speak = |format: &Format| Q::speaks(*format) && R::speaks(*format);
        if speak(&own) { own } else { others.iter().find(speak).unwrap_or(own) }
    }
}

/// The answer to a stream of requests: a future of one message.
#[must_use = "dropping the answer cancels the call"]
pub struct Answer<R> {
    call: Call,
    format: Format,
    parent: Option<Over>,
    message: PhantomData<fn() -> R>,
}

impl<R: Message> Answer<R> {
    pub(super) fn new(call: Call, format: Format, parent: Option<&Shutdown>) -> Self {
        let parent = parent.map(|parent| Box::pin(parent.fired()) as Over);
        Self { call, format, parent, message: PhantomData }
    }
}

type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<R: Message> Future for Answer<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        if let Poll::Ready(result) = self.call.poll_answered(cx) {
            return Poll::Ready(result.and_then(|answered| one(answered, self.format, None)));
        }
        let Some(parent) = &mut self.parent else { return Poll::Pending };
        ready!(parent.as_mut().poll(cx));
        self.call = Call::ready(Err(stream::over()));
        self.parent = None;
        Poll::Ready(Err(stream::over()))
    }
}

impl<R> Debug for Answer<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("call", &self.call).finish_non_exhaustive()
    }
}
