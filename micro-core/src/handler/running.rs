use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as Cx, Poll, ready};

use pin_project_lite::pin_project;
use tokio_util::task::AbortOnDropHandle;
use tracing::Span;

use crate::{Context, Error, Head, Result, Route, key};

pin_project! {
    /// A handler at work: its panics are errors, its failures are logged, and its log lines are in the call's span.
    pub(super) struct Running<T> {
        #[pin]
        future: Option<T>,
        panic: Option<Box<dyn Any + Send>>,
        route: Route,
        span: Span,
    }
}

impl<T> Running<T> {
    /// Calls the method; its future runs when it is polled.
    pub(super) fn new(head: Head, invoke: impl FnOnce(Context) -> T) -> Self {
        let span = tracing::info_span!(
            "handle",
            service = head.route.service(),
            endpoint = head.route.endpoint(),
            trace = head.metadata.get(key::TRACEPARENT),
        );
        let route = head.route.clone();
        let context = Context::new(head);
        let made = catch_unwind(AssertUnwindSafe(|| invoke(context)));
        let (future, panic) = match made {
            Ok(future) => (Some(future), None),
            Err(panic) => (None, Some(panic)),
        };
        Self { future, panic, route, span }
    }
}

impl<R, T: Future<Output = Result<R>>> Future for Running<T> {
    type Output = Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Cx<'_>) -> Poll<Result<R>> {
        let mut this = self.project();
        let _inside = this.span.enter();
        let result = match this.future.as_mut().as_pin_mut() {
            Some(future) => match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(result) => ready!(result),
                Err(panic) => Err(panicked(&*panic)),
            },
            None => Err(this
                .panic
                .take()
                .map_or_else(|| panicked(&"polled after its end"), |panic| panicked(&*panic))),
        };
        // Its context ends with it, so that what it spawned learns that the call is over.
        this.future.set(None);
        Poll::Ready(result.map_err(|error| {
            // It ran, whatever it says: what one of the services that it called never saw, this one did.
            let error = error.or_id(this.route.service()).maybe_reached();
            if let Some(source) = std::error::Error::source(&error) {
                // The only place where a masked error is told: its caller has the id.
                tracing::error!(id = error.id(), code = %error.code(), source, "{}", error.detail());
            }
            error
        }))
    }
}

/// What callers read of a panic, and what the log has of it.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    Error::masked(crate::Code::Internal, format!("the handler panicked: {text}"))
}

/// Runs a future in a task of its own, which ends when the result is no longer waited for.
pub(super) async fn spawned<R: Send + 'static>(
    future: impl Future<Output = Result<R>> + Send + 'static,
) -> Result<R> {
    match AbortOnDropHandle::new(tokio::spawn(future)).await {
        Ok(result) => result,
        Err(error) => {
            Err(Error::cancelled("the runtime that ran the handler is shutting down").with_source(error))
        }
    }
}
