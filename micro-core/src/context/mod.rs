//! [`Context`]: what a handler knows about its call.

mod trace;

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

pub use self::trace::TraceContext;
use crate::metadata::Draft;
use crate::{Account, App, Client, Deadline, Extensions, Head, Metadata, Peer, Route, Shutdown, key};

/// What a handler knows about its call, beside the message: metadata, deadline, who calls, whose account, the trace,
/// and the service's extensions and client.
///
/// A handler borrows it (`async fn call(&self, ctx: &Context, request: Q)`). The handler's future owns it: when that is
/// dropped, because the call was answered or its caller gave it up, [`cancelled`](Self::cancelled) fires in whatever
/// outlives it. A handler that does not ask for cancellation pays nothing for it.
pub struct Context {
    head: Head,
    // Made when somebody asks.
    token: OnceLock<Shutdown>,
}

impl Context {
    /// The context of a request.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Self { head, token: OnceLock::new() }
    }

    /// The service and endpoint that were called.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.head.route
    }

    /// What came beside the message.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.head.metadata
    }

    /// When nobody waits for the answer any more.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        self.head.deadline
    }

    /// The time until then; `None` when the caller has all the time of the world.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.head.deadline.map(Deadline::left)
    }

    /// Who sent the call.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.head.peer()
    }

    /// Whose call it is, if a layer found out.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.head.account()
    }

    /// Where the call stands in its trace, if the caller said so.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.metadata().get(key::TRACEPARENT).and_then(TraceContext::parse)
    }

    /// The service that answers.
    #[must_use]
    pub fn app(&self) -> Option<&App> {
        self.head.app.as_deref()
    }

    /// The value of type `T` that the service was given by `Service::extension`.
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.app().map(|app| &app.extensions).and_then(Extensions::get)
    }

    /// Waits until the call is over: answered, given up by its caller, or past its deadline. The future lives as long
    /// as you keep it, so give it to what you spawn.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static {
        self.token().fired()
    }

    /// Waits until the service begins to drain: it takes no new calls, and those that run have a limited time. Handlers of
    /// long streams end them then, so that their peers go on elsewhere.
    pub fn stopping(&self) -> impl Future<Output = ()> + Send + 'static {
        let stopping = self.app().map(|app| app.stopping.fired());
        async move {
            match stopping {
                Some(stopping) => stopping.await,
                None => std::future::pending().await,
            }
        }
    }

    /// Whether the call is over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.head.deadline.is_some_and(Deadline::is_past) || self.token.get().is_some_and(Shutdown::is_fired)
    }

    /// The service's client, for the calls that this call needs: they have the time that is left here, end when this
    /// call ends, belong to its trace, and carry on the metadata that is [meant to](App::propagate).
    #[must_use]
    pub fn client(&self) -> Client {
        let client = self.app().and_then(|app| app.client.clone()).unwrap_or_else(Client::unavailable);
        client.within(self)
    }

    /// The same context for work that goes on after the call: without deadline and cancellation.
    #[must_use]
    pub fn detached(&self) -> Self {
        let mut head = self.head.clone();
        head.deadline = None;
        Self::new(head)
    }

    pub(crate) fn token(&self) -> &Shutdown {
        self.token.get_or_init(Shutdown::new)
    }

    /// The metadata of calls that are made for this one.
    pub(crate) fn propagated(&self) -> Metadata {
        let mut metadata = Draft::default();
        if let Some(app) = self.app() {
            for (key, value) in self.metadata().iter().filter(|(key, _)| app.propagates(*key)) {
                metadata.put(key, value.as_bytes());
            }
        }
        let trace = self.trace().map_or_else(TraceContext::root, TraceContext::child);
        // It is sound metadata.
        let _ = metadata.insert(&key::TRACEPARENT, &trace.to_string().into());
        metadata.finish()
    }
}

// === impl Context ===

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(token) = self.token.get() {
            token.fire();
        }
    }
}

impl Debug for Context {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("head", &self.head).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Formats, Route};

    fn head(metadata: Metadata) -> Head {
        let mut app = App::new("a", Formats::new());
        app.extensions.insert(7_u8);
        app.propagate.push(crate::Key::new("tenant").unwrap());
        let mut head = Head::new(Route::new("a", "A.B"), crate::testing::JSON);
        head.app = Some(Arc::new(app));
        head.metadata = metadata;
        head
    }

    #[tokio::test]
    async fn its_end_is_the_cancellation() {
        let context = Context::new(head(Metadata::new()));
        let cancelled = context.cancelled();
        let detached = context.detached();
        let never = detached.cancelled();
        assert!(!context.is_cancelled());
        drop(context);
        cancelled.await;
        let waited = tokio::time::timeout(Duration::from_millis(20), never).await;
        assert!(waited.is_err(), "what is detached outlives the call");
    }

    #[test]
    fn only_what_is_meant_to_goes_on() {
        let mut metadata = Metadata::new();
        for (key, value) in [
            ("authorization", "secret"),
            ("tenant", "acme"),
            ("x-micro-p-a", "1"),
            ("baggage", "b=1"),
            ("other", "x"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ] {
            metadata.insert(key, value).unwrap();
        }
        let context = Context::new(head(metadata));
        let on = context.propagated();
        assert_eq!(
            (on.get("tenant"), on.get("x-micro-p-a"), on.get("baggage")),
            (Some("acme"), Some("1"), Some("b=1"))
        );
        assert!(!on.contains("authorization") && !on.contains("other"));
        let trace = TraceContext::parse(on.get("traceparent").unwrap()).unwrap();
        assert_eq!(trace.trace_id(), context.trace().unwrap().trace_id());
        assert_ne!(trace.span_id(), context.trace().unwrap().span_id());
    }

    #[test]
    fn extensions_by_type() {
        let context = Context::new(head(Metadata::new()));
        assert_eq!(context.extension::<u8>(), Some(&7));
        assert_eq!(context.extension::<u16>(), None);
    }
}
