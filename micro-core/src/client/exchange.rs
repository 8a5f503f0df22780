//! The calls with one message: each begins, is answered, and where it fails is made again.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use super::{Client, retry};
use crate::call::Answered;
use crate::{
    Body, Call, CallOptions, Code, Deadline, Error, Format, Head, Message, Metadata, Receiver, Request,
    Result, Route, Shutdown, key, stream,
};

/// What is asked of a client, beside the message.
#[derive(Clone)]
pub(super) struct Asked<'a> {
    pub(super) client: &'a Client,
    pub(super) route: Route,
    /// Instead of the client's.
    pub(super) metadata: Option<Metadata>,
    /// Whether it may be made twice.
    pub(super) idempotent: bool,
}

/// A call with one message, over all its attempts. Written as a state machine, as it is moved and polled with each call:
/// what a first attempt needs is in it, and further ones are rare, and boxed.
pub(super) struct Exchange<'a, Q, T> {
    asked: Asked<'a>,
    format: Format,
    deadline: Option<Deadline>,
    /// Until further attempts have it.
    message: Option<Q>,
    state: State<'a>,
    /// Makes the result of an answer.
    read: Read<T>,
}

enum State<'a> {
    /// It has this long, or what is wrong with it.
    Asked(Result<Option<Duration>>),
    Called(Call),
    /// It is made again, or watches the call that it is made for.
    Further(Pin<Box<dyn Future<Output = Result<Answered>> + Send + 'a>>),
    Over,
}

/// What makes a result of an answer in a format to a call that is made for another one.
pub(super) type Read<T> = fn(Answered, Format, Option<&Shutdown>) -> Result<T>;

impl<'a, Q: Message, T> Exchange<'a, Q, T> {
    pub(super) fn new(
        asked: Asked<'a>,
        format: Format,
        timeout: Result<Option<Duration>>,
        message: Q,
        read: Read<T>,
    ) -> Self {
        Self { asked, format, deadline: None, message: Some(message), state: State::Asked(timeout), read }
    }

    fn begin(&mut self, timeout: Option<Duration>) -> Result<()> {
        let client = self.asked.client;
        if client.terms.attempts > 1 {
            // Who makes no second attempt earns none.
            client.terms.budgets.deposit(self.asked.route.service_name());
        }
        self.deadline = client.deadline_after(timeout);
        let Some(message) = &self.message else {
            self.state = State::Over;
            return Ok(());
        };
        let body = self.asked.encoded(message, self.format)?;
        let call = self.asked.send(self.asked.head(self.format, self.deadline), body);
        self.state = if client.parent.is_some() { self.further(call) } else { State::Called(call) };
        Ok(())
    }

    /// What is left to be done when it has come to this call.
    fn further(&mut self, call: Call) -> State<'a> {
        let Some(message) = self.message.take() else { return State::Over };
        State::Further(Box::pin(further(self.asked.clone(), self.format, self.deadline, message, call)))
    }
}

impl<Q, T> Unpin for Exchange<'_, Q, T> {}

impl<Q: Message, T> Future for Exchange<'_, Q, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let result = loop {
            match &mut this.state {
                State::Asked(timeout) => {
                    let timeout = std::mem::replace(timeout, Ok(None));
                    if let Err(error) = timeout.and_then(|timeout| this.begin(timeout)) {
                        this.state = State::Over;
                        break Err(error);
                    }
                }
                State::Called(call) => match ready!(call.poll_answered(cx)) {
                    // It says nothing more when it is polled again.
                    Ok(answered) => break Ok(answered),
                    Err(error) => this.state = this.further(Call::ready(Err(error))),
                },
                State::Further(further) => {
                    let result = ready!(further.as_mut().poll(cx));
                    this.state = State::Over;
                    break result;
                }
                // Polled after it was ready, which no future promises anything about.
                State::Over => return Poll::Pending,
            }
        };
        let parent = this.asked.client.parent.as_ref();
        Poll::Ready(result.and_then(|answered| (this.read)(answered, this.format, parent)))
    }
}

impl Asked<'_> {
    /// The head of the first attempt.
    pub(super) fn head(&self, format: Format, deadline: Option<Deadline>) -> Head {
        Head {
            metadata: self.metadata.as_ref().unwrap_or(&self.client.metadata).clone(),
            deadline,
            options: self.options(),
            ..Head::new(self.route.clone(), format)
        }
    }

    /// How it is made: as all calls of the client are, but for what is said of this one.
    fn options(&self) -> Option<Arc<CallOptions>> {
        let options = &self.client.terms.options;
        if !self.idempotent {
            return options.clone();
        }
        let mut options = options.as_deref().cloned().unwrap_or_default();
        options.idempotent = true;
        Some(Arc::new(options))
    }

    /// The message of a call, unless the one that it is made for is over.
    fn encoded<Q: Message>(&self, message: &Q, format: Format) -> Result<Body> {
        if self.client.parent.as_ref().is_some_and(Shutdown::is_fired) {
            return Err(stream::over());
        }
        message.to_bytes(format).map(Body::One)
    }

    fn send(&self, head: Head, body: Body) -> Call {
        (*self.client.terms.caller).dispatch(Request::new(head, body))
    }

    /// Whether the call may be made twice: the caller says so, or the endpoint is declared so.
    fn is_idempotent(&self) -> bool {
        let terms = &self.client.terms;
        self.idempotent
            || terms.options.as_ref().is_some_and(|options| options.idempotent)
            || terms.caller.is_idempotent(&self.route)
    }
}

impl Client {
    /// The earlier one of what a call is given and what is left of the call that this handle works for.
    pub(super) fn deadline_after(&self, timeout: Option<Duration>) -> Option<Deadline> {
        match (timeout.map(Deadline::after), self.deadline) {
            (Some(own), Some(left)) => Some(own.min(left)),
            (own, left) => own.or(left),
        }
    }
}

/// Waits for the answer of a call, and makes it again as often as that is due.
async fn further<Q: Message>(
    asked: Asked<'_>,
    format: Format,
    deadline: Option<Deadline>,
    message: Q,
    mut call: Call,
) -> Result<Answered> {
    let Asked { client, route, .. } = &asked;
    let (terms, parent) = (&client.terms, client.parent.as_ref());
    let budget = (terms.attempts > 1).then(|| terms.budgets.of(route.service_name()));
    let mut tried = Vec::<Box<str>>::new();
    let mut attempt = 1;
    loop {
        let answered = poll_fn(|cx| call.poll_answered(cx));
        let error = match unless_over(parent, answered).await {
            Ok(answered) => return Ok(answered),
            Err(error) => error,
        };
        let pause = budget.as_ref().and_then(|budget| {
            let may = retry::may(&error, || asked.is_idempotent());
            may.then(|| retry::pause(&error, attempt, terms.attempts, deadline, budget)).flatten()
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
        unless_over(parent, paused).await?;
        attempt += 1;
        let mut head = asked.head(format, deadline);
        // A number is sound metadata.
        let _ = head.metadata.insert(key::MICRO_ATTEMPT, attempt.to_string());
        if !tried.is_empty() {
            Arc::make_mut(head.options.get_or_insert_default()).tried.clone_from(&tried);
        }
        call = asked.send(head, asked.encoded(&message, format)?);
    }
}

/// Waits for something, unless the call that this one is made for ends before.
async fn unless_over<T>(parent: Option<&Shutdown>, waited: impl Future<Output = Result<T>>) -> Result<T> {
    let Some(parent) = parent else { return waited.await };
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

/// The stream of messages of an answer.
pub(super) fn many<R: Message>(
    answered: Answered,
    format: Format,
    parent: Option<&Shutdown>,
) -> Result<Receiver<R>> {
    Ok(Receiver::of_response(answered, format, parent))
}

/// The one message of an answer.
pub(super) fn one<R: Message>(
    (response, answerer): Answered,
    format: Format,
    _: Option<&Shutdown>,
) -> Result<R> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pick::Answerer;
    use crate::{BodyStream, Response};

    #[test]
    fn an_answer_that_is_a_stream_says_what_to_do() {
        let response = Response::new(Body::Stream(BodyStream::empty()));
        let error = one::<String>((response, Answerer::default()), crate::testing::JSON, None).unwrap_err();
        assert!(error.detail().contains("server_stream"), "{error}");
    }
}
