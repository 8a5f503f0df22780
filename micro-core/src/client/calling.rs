use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tracing::{Instrument, Span};

use super::budget::Budget;
use super::{Client, retry};
use crate::pick::Answerer;
use crate::{
    Body, Call, Code, Deadline, Error, Format, Head, Message, Receiver, Request, Response, Result, Route,
    Sender, Shutdown, key, stream,
};

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
        let route = route.into();
        let (span, format) = (self.span(&route), self.spoken::<Q, R>());
        async move {
            let deadline = self.deadline_after(self.timeout);
            let (response, answerer) =
                self.attempt(&route, format, deadline, move || message.to_bytes(format)).await?;
            one(response, format, &answerer)
        }
        .instrument(span)
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
        let route = route.into();
        let (span, format) = (self.span(&route), self.spoken::<Q, R>());
        async move {
            let deadline = self.deadline_after(self.stream_timeout);
            let (response, answerer) =
                self.attempt(&route, format, deadline, move || message.to_bytes(format)).await?;
            Ok(Receiver::of_response(response, answerer, format, self.parent.as_ref()))
        }
        .instrument(span)
    }

    /// Calls an endpoint that takes a stream and answers once. What is sent goes out whether or not the answer is
    /// awaited; dropping the [`Answer`] cancels the call.
    #[must_use = "dropping the answer cancels the call"]
    pub fn client_stream<Q: Message, R: Message>(&self, route: impl Into<Route>) -> (Sender<Q>, Answer<R>) {
        let format = self.spoken::<Q, R>();
        let (sender, call) = self.open(route.into(), format);
        let parent = self.parent.as_ref().map(boxed);
        (sender, Answer { call, format, parent, message: PhantomData })
    }

    /// Calls an endpoint that takes a stream and answers with one.
    #[must_use = "dropping the receiver cancels the call"]
    pub fn bidirectional<Q: Message, R: Message>(&self, route: impl Into<Route>) -> (Sender<Q>, Receiver<R>) {
        let format = self.spoken::<Q, R>();
        let (sender, call) = self.open(route.into(), format);
        (sender, Receiver::of_call(call, format, self.parent.as_ref()))
    }

    fn open<Q: Message>(&self, route: Route, format: Format) -> (Sender<Q>, Call) {
        let (sender, body) = stream::channel(format);
        let _inside = self.span(&route).entered();
        let head = self.head(route, format, self.deadline_after(self.stream_timeout), 1);
        (sender, self.caller.dispatch(Request::new(head, Body::Stream(body))))
    }

    /// Makes a call with one message, and as many further attempts of it as are due.
    async fn attempt(
        &self,
        route: &Route,
        format: Format,
        deadline: Option<Deadline>,
        mut encode: impl FnMut() -> Result<Bytes> + Send,
    ) -> Result<(Response, Answerer)> {
        // Who makes no second attempt asks for none.
        let budget = (self.attempts > 1).then(|| self.budgets.of(route.service_name()));
        if let Some(budget) = &budget {
            budget.deposit();
        }
        let head = self.head(route.clone(), format, deadline, 1);
        let call = self.begun(head, &mut encode)?;
        match self.answered(call).await {
            Ok(answered) => Ok(answered),
            // Rare, and so kept out of what each call consists of.
            Err(error) => Box::pin(self.again(error, budget, route, format, deadline, encode)).await,
        }
    }

    /// Begins a call with one message, unless the one that it is made for is over.
    fn begun(&self, head: Head, encode: &mut impl FnMut() -> Result<Bytes>) -> Result<Call> {
        if self.parent.as_ref().is_some_and(Shutdown::is_fired) {
            return Err(stream::over());
        }
        Ok(self.caller.dispatch(Request::new(head, Body::One(encode()?))))
    }

    /// Waits for the answer of a call, and says who gave it.
    async fn answered(&self, mut call: Call) -> Result<(Response, Answerer)> {
        let Some(parent) = &self.parent else {
            let response = (&mut call).await?;
            let answerer = call.answerer().or_of(&response);
            return Ok((response, answerer));
        };
        let answered = async {
            let response = (&mut call).await?;
            let answerer = call.answerer().or_of(&response);
            Ok((response, answerer))
        };
        Box::pin(unless_over(parent, answered)).await
    }

    /// Makes a call again that failed, as often as that is due.
    async fn again(
        &self,
        mut error: Error,
        budget: Option<Arc<Budget>>,
        route: &Route,
        format: Format,
        deadline: Option<Deadline>,
        mut encode: impl FnMut() -> Result<Bytes> + Send,
    ) -> Result<(Response, Answerer)> {
        let mut attempt = 1;
        let mut tried = Vec::<Box<str>>::new();
        loop {
            let pause = budget.as_ref().and_then(|budget| {
                let may = retry::may(&error, || self.is_idempotent(route));
                may.then(|| retry::pause(&error, attempt, self.attempts, deadline, budget)).flatten()
            });
            let Some(pause) = pause else {
                return Err(located(error, route));
            };
            tried.extend(error.node().map(Box::<str>::from));
            tracing::debug!(%route, attempt, %error, "trying again in {pause:?}");
            let paused = async {
                tokio::time::sleep(pause).await;
                Ok(())
            };
            match &self.parent {
                Some(parent) => unless_over(parent, paused).await?,
                None => paused.await?,
            }
            attempt += 1;
            let mut head = self.head(route.clone(), format, deadline, attempt);
            head.tried = (!tried.is_empty()).then(|| tried.as_slice().into());
            let call = self.begun(head, &mut encode)?;
            match self.answered(call).await {
                Ok(answered) => return Ok(answered),
                Err(failed) => error = failed,
            }
        }
    }

    /// Whether the calls of an endpoint may be made twice: this handle says so, or the endpoint is declared so.
    fn is_idempotent(&self, route: &Route) -> bool {
        self.options.as_ref().is_some_and(|options| options.idempotent) || self.caller.is_idempotent(route)
    }

    /// The handle's format; where the messages of a call cannot be written in it, the first one of the others that they
    /// can. Where there is none, encoding says so.
    fn spoken<Q: Message, R: Message>(&self) -> Format {
        let speak = |format: &Format| Q::speaks(*format) && R::speaks(*format);
        if speak(&self.format) { self.format } else { self.formats.iter().find(speak).unwrap_or(self.format) }
    }

    fn head(&self, route: Route, format: Format, deadline: Option<Deadline>, attempt: u32) -> Head {
        let mut head = Head::new(route, format);
        head.metadata = self.metadata.clone();
        if attempt > 1 {
            // A number is sound metadata.
            let _ = head.metadata.insert(key::MICRO_ATTEMPT, attempt.to_string());
        }
        head.deadline = deadline;
        head.options = self.options.clone();
        head
    }

    /// The earlier one of what this handle allows and what is left of the call that it works for.
    fn deadline_after(&self, timeout: Option<Duration>) -> Option<Deadline> {
        let own = timeout.map(Deadline::after);
        [own, self.deadline].into_iter().flatten().min()
    }

    fn span(&self, route: &Route) -> Span {
        tracing::info_span!("call", service = route.service(), endpoint = route.endpoint())
    }
}

/// Waits for something, unless the call that this one is made for ends before.
async fn unless_over<T>(parent: &Shutdown, waited: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        result = waited => result,
        () = parent.fired() => Err(stream::over()),
    }
}

/// An error that arose here, with what was called: of several calls that a handler makes one was too slow.
fn located(error: Error, route: &Route) -> Error {
    if error.code() != Code::DeadlineExceeded || !error.id().is_empty() {
        return error;
    }
    let detail = format!("{route}: {}", error.detail());
    error.with_detail(detail).with_id("go.micro.client")
}

/// The one message of an answer.
fn one<R: Message>(response: Response, format: Format, answerer: &Answerer) -> Result<R> {
    match response.body {
        Body::One(bytes) => R::decode(format, bytes),
        Body::Empty => R::decode(format, Bytes::new()),
        Body::Stream(_) => {
            let error = Error::unimplemented(
                "the endpoint answers with a stream: call it by `server_stream`, or by `bidirectional`",
            );
            return Err(answerer.name(error));
        }
    }
    .map_err(|error| {
        let detail = format!("the answer cannot be read: {}", error.detail());
        answerer.name(Error::internal(detail).with_id("go.micro.client.codec").with_source(error))
    })
}

/// The answer to a stream of requests: a future of one message.
#[must_use = "dropping the answer cancels the call"]
pub struct Answer<R> {
    call: Call,
    format: Format,
    parent: Option<Over>,
    message: PhantomData<fn() -> R>,
}

type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

fn boxed(parent: &Shutdown) -> Over {
    Box::pin(parent.fired())
}

impl<R: Message> Future for Answer<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        if let Poll::Ready(result) = Pin::new(&mut self.call).poll(cx) {
            let answerer = self.call.answerer();
            return Poll::Ready(result.and_then(|response| {
                let answerer = answerer.or_of(&response);
                one(response, self.format, &answerer)
            }));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BodyStream;

    #[test]
    fn an_answer_that_is_a_stream_says_what_to_do() {
        let response = Response::new(Body::Stream(BodyStream::empty()));
        let error = one::<String>(response, crate::testing::JSON, &Answerer::default()).unwrap_err();
        assert!(error.detail().contains("server_stream"), "{error}");
    }
}
