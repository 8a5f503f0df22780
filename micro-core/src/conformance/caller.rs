//! The laws of [`Caller`].

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::app::{self, Seen};
use crate::{Body, Caller, Client, Code, Dispatch, Format, Head, Request, Route};

/// What a client says it can do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Promises {
    /// The format that its service is called in.
    pub format: Format,
    /// It carries streams.
    pub streams: bool,
    /// It publishes.
    pub publish: bool,
}

impl Promises {
    /// Calls and streams, in that format.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, streams: true, publish: false }
    }

    /// It carries no streams.
    #[must_use]
    pub const fn no_streams(mut self) -> Self {
        self.streams = false;
        self
    }

    /// It publishes.
    #[must_use]
    pub const fn publish(mut self) -> Self {
        self.publish = true;
        self
    }
}

/// A client under test, and whatever must live as long as its service.
pub struct Subject {
    /// The client.
    pub caller: Arc<dyn Caller>,
    /// Makes the service that the subject was made with findable; called once.
    pub begin: Option<Begin>,
    /// Kept until the law is done.
    pub guard: Box<dyn std::any::Any + Send>,
}

/// Starts the service of a [`Subject`]; what it returns is kept until the law is done.
pub type Begin =
    Box<dyn FnOnce() -> std::pin::Pin<Box<dyn Future<Output = Box<dyn std::any::Any + Send>> + Send>> + Send>;

impl Subject {
    /// A client that finds its service when `begin` has run.
    #[must_use]
    pub fn new<F, G>(caller: Arc<dyn Caller>, begin: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = G> + Send + 'static,
        G: Send + 'static,
    {
        let begin: Begin = Box::new(move || {
            let begun = begin();
            Box::pin(async move { Box::new(begun.await) as Box<dyn std::any::Any + Send> })
        });
        Self { caller, begin: Some(begin), guard: Box::new(()) }
    }

    async fn begin(&mut self) {
        if let Some(begin) = self.begin.take() {
            self.guard = begin().await;
        }
    }
}

impl Debug for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").field("caller", &self.caller.name()).finish_non_exhaustive()
    }
}

const NAME: &str = "micro.conformance";

async fn begun<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) -> (Subject, Client, Arc<Seen>) {
    let (app, seen) = app::app(NAME, promises.format);
    let mut subject = make(NAME, app).await;
    subject.begin().await;
    let client = Client::new(subject.caller.clone(), promises.format).with_timeout(Duration::from_secs(20));
    (subject, client, seen)
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// A service is called by its name, many times at once.
pub async fn calls_by_name<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, _) = begun(promises, make).await;
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let client = client.clone();
        calls.spawn(async move {
            let sent = format!("text {number}");
            let answer: String = client.call((NAME, "Law.Echo"), sent.clone()).await.expect("an answer");
            assert_eq!(answer, sent);
        });
    }
    while let Some(call) = calls.join_next().await {
        call.expect("each call gets its own answer");
    }
}

/// A name that nobody has is not found, was not reached, and is named.
pub async fn unknown_name_is_not_found<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, _) = begun(promises, make).await;
    let result = client.call::<_, String>(("micro.nobody", "Law.Echo"), text("?")).await;
    let error = result.expect_err("nobody has this name");
    assert_eq!((error.code(), error.reached()), (Code::NotFound, false), "{error:?}");
    assert!(error.detail().contains("micro.nobody"), "the error names the service: {error}");
}

/// A call ends at its deadline, and so does its handler.
pub async fn deadline_ends_a_call<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, seen) = begun(promises, make).await;
    let client = client.with_timeout(Duration::from_millis(300));
    let error = client.call::<_, ()>((NAME, "Law.Hang"), ()).await.expect_err("it never answers");
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    seen.running(0).await;
}

/// What a handler fails with arrives as it was made.
pub async fn errors_arrive_as_they_were_made<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, _) = begun(promises, make).await;
    let error = client.call::<_, ()>((NAME, "Law.Fail"), ()).await.expect_err("it fails");
    let made = app::failure();
    assert_eq!((error.code(), error.detail()), (made.code(), made.detail()));
    assert_eq!((error.id(), error.reason(), error.domain()), (made.id(), made.reason(), made.domain()));
    assert_eq!(error.metadata(), made.metadata());
    assert!(error.reached());
}

/// Metadata arrives.
pub async fn metadata_travels<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, _) = begun(promises, make).await;
    let client = client.with_metadata("X-Tenant", "acme").expect("sound metadata");
    let value: String = client.call((NAME, "Law.Meta"), text("x-tenant")).await.expect("an answer");
    assert_eq!(value, "acme");
}

/// Dropping a call ends its handler.
pub async fn dropping_cancels<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, seen) = begun(promises, make).await;
    let call = tokio::spawn(async move { client.call::<_, ()>((NAME, "Law.Hang"), ()).await });
    seen.running(1).await;
    call.abort();
    seen.running(0).await;
}

/// A call that waits for its service is answered when that begins.
pub async fn waits_for_a_service<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (app, _) = app::app(NAME, promises.format);
    let mut subject = make(NAME, app).await;
    let client = Client::new(subject.caller.clone(), promises.format)
        .with_timeout(Duration::from_secs(20))
        .wait_for_ready();
    let call = tokio::spawn(async move { client.call::<_, String>((NAME, "Law.Echo"), text("late")).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!call.is_finished(), "it waits");
    subject.begin().await;
    assert_eq!(call.await.expect("the call's task").expect("an answer"), "late");
}

/// A streamed request goes out though nobody polls the call; without streams it is refused.
pub async fn streams_progress_unpolled<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (_subject, client, _) = begun(promises, make).await;
    let (mut sender, answer) = client.client_stream::<String, String>((NAME, "Law.Join"));
    if !promises.streams {
        drop(sender);
        assert_eq!(answer.await.expect_err("no streams").code(), Code::Unimplemented);
        return;
    }
    for _ in 0..100 {
        sender.send(text("x")).await.expect("it is taken");
    }
    drop(sender);
    assert_eq!(answer.await.expect("an answer").len(), 100);
}

/// A client that does not publish says so.
pub async fn publishing<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce(&'static str, Arc<dyn Dispatch>) -> F,
) {
    let (subject, _, _) = begun(promises, make).await;
    let event = Request::new(Head::new(Route::new("", ""), promises.format), Body::One(Bytes::new()));
    let result = subject.caller.publish("topic", event).await;
    if promises.publish {
        result.expect("it is published");
    } else {
        let error = result.expect_err("it does not publish");
        assert_eq!((error.code(), error.reached()), (Code::Unimplemented, false), "{error:?}");
    }
}
