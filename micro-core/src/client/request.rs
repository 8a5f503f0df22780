use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::time::Duration;

use tracing::{Instrument, Span};

use super::exchange::{Asked, Exchange, many, one};
use super::{Answer, Client};
use crate::metadata::{Draft, Value};
use crate::{
    AsKey, Body, Call, Error, Format, Key, Message, Receiver, Request, Result, Route, Sender, stream,
};

/// One call that differs from the others of its handle; [`Client::request`] begins it.
#[must_use = "nothing is sent before it is called"]
pub struct RequestBuilder<'a> {
    client: &'a Client,
    route: Route,
    /// What is sent instead of the client's.
    metadata: Option<Draft>,
    idempotent: bool,
    timeout: Option<Duration>,
    /// What is wrong with what was said, for the first who waits for the call.
    error: Option<Error>,
}

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(client: &'a Client, route: Route) -> Self {
        Self { client, route, metadata: None, idempotent: false, timeout: None, error: None }
    }

    /// Sends this metadata, instead of what the handle has under the same key. A pair that is none (see
    /// [`Metadata::insert`](crate::Metadata::insert)) is the error of the call, which is not sent then.
    pub fn metadata(mut self, key: impl AsKey, value: impl Into<Value>) -> Self {
        let (key, value) = (key.to_key(), value.into());
        if let Err(error) = key.and_then(|key| self.insert(&key, &value)) {
            self.error.get_or_insert(error.not_reached());
        }
        self
    }

    fn insert(&mut self, key: &Key, value: &Value) -> Result<()> {
        let draft = self.metadata.get_or_insert_with(|| Draft::of_call(&self.client.metadata));
        draft.insert(key, value)
    }

    /// Gives the call, or the whole stream, this long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that the call may be made twice, so that it is tried again where a handler may have seen it.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Calls an endpoint, and waits for its answer; see [`Client::call`].
    ///
    /// # Errors
    /// As [`Client::call`], and that of the first pair of [`metadata`](Self::metadata) that is none.
    pub fn call<Q: Message, R: Message>(self, message: Q) -> impl Future<Output = Result<R>> + Send {
        let timeout = self.timeout.or(self.client.terms.timeout);
        self.exchange::<Q, R, R>(message, timeout, one)
    }

    /// Calls an endpoint that answers with a stream, and waits until that begins; see [`Client::server_stream`].
    ///
    /// # Errors
    /// As [`call`](Self::call); an error after the first message comes from [`Receiver::next`].
    pub fn server_stream<Q: Message, R: Message>(
        self,
        message: Q,
    ) -> impl Future<Output = Result<Receiver<R>>> + Send {
        let timeout = self.timeout.or(self.client.terms.stream_timeout);
        self.exchange::<Q, R, Receiver<R>>(message, timeout, many)
    }

    /// Calls an endpoint that takes a stream and answers once; see [`Client::client_stream`].
    #[must_use = "dropping the answer cancels the call"]
    pub fn client_stream<Q: Message, R: Message>(self) -> (Sender<Q>, Answer<R>) {
        let client = self.client;
        let format = client.spoken::<Q, R>();
        let (sender, call) = self.open(format);
        (sender, Answer::new(call, format, client.parent.as_ref()))
    }

    /// Calls an endpoint that takes a stream and answers with one; see [`Client::bidirectional`].
    #[must_use = "dropping the receiver cancels the call"]
    pub fn bidirectional<Q: Message, R: Message>(self) -> (Sender<Q>, Receiver<R>) {
        let client = self.client;
        let format = client.spoken::<Q, R>();
        let (sender, call) = self.open(format);
        (sender, Receiver::of_call(call, format, client.parent.as_ref()))
    }

    fn exchange<Q: Message, R: Message, T>(
        self,
        message: Q,
        timeout: Option<Duration>,
        read: super::exchange::Read<T>,
    ) -> impl Future<Output = Result<T>> + Send {
        let (span, format) = (self.span(), self.client.spoken::<Q, R>());
        let (asked, error) = self.asked();
        let timeout = error.map_or(Ok(timeout), Err);
        Exchange::new(asked, format, timeout, message, read).instrument(span)
    }

    fn open<Q: Message>(self, format: Format) -> (Sender<Q>, Call) {
        let (sender, body) = stream::channel(format);
        let _inside = self.span().entered();
        let (client, timeout) = (self.client, self.timeout);
        let (asked, error) = self.asked();
        if let Some(error) = error {
            return (sender, Call::ready(Err(error)));
        }
        let deadline = client.deadline_after(timeout.or(client.terms.stream_timeout));
        let head = asked.head(format, deadline);
        (sender, client.terms.caller.dispatch(Request::new(head, Body::Stream(body))))
    }

    /// What is asked, and what is wrong with it.
    fn asked(self) -> (Asked<'a>, Option<Error>) {
        let Self { client, route, metadata, idempotent, error, .. } = self;
        (Asked { client, route, metadata: metadata.map(Draft::finish), idempotent }, error)
    }

    fn span(&self) -> Span {
        let route = &self.route;
        tracing::info_span!("call", service = route.service(), endpoint = route.endpoint())
    }
}

impl Debug for RequestBuilder<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBuilder")
            .field("route", &self.route)
            .field("metadata", &self.metadata)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
