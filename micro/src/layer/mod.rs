//! Middleware: any [`tower::Layer`](tower_layer::Layer) fits, on services and on clients.

mod errors;

use std::fmt::{self, Debug, Formatter};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use micro_core::{Call, Caller, Dispatch, Error, Request, Response, Result, Route};
use tower_layer::Layer;
use tower_service::Service;

use crate::eager::eager;

/// Puts a layer around what answers calls.
///
/// The layer is any of tower's whose service can be cloned: it runs for each call on a clone. `RateLimit` cannot be
/// cloned: put tower's `Buffer` around it. Stack several into one, by `tower::ServiceBuilder` or a tuple, as each
/// layer that is put on by itself costs an allocation per call.
///
/// Two of tower's layers end with the *head* of a streamed answer, as that is all they see: the permit of
/// `ConcurrencyLimit` is given back, and the clock of `Timeout` stops, when the stream begins. A stream's time is
/// limited by [`Client::with_stream_timeout`](micro_core::Client::with_stream_timeout).
#[must_use]
pub fn layered<L>(inner: Arc<dyn Dispatch>, layer: L) -> Arc<dyn Dispatch>
where
    L: Layer<Inner>,
    L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Error: Into<BoxError>,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    Arc::new(Layered(layer.layer(Inner(inner))))
}

/// What tower's layers fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a layer wraps: always ready, and its future is the [`Call`] itself.
#[derive(Clone)]
pub struct Inner(Arc<dyn Dispatch>);

impl Service<Request> for Inner {
    type Response = Response;
    type Error = Error;
    type Future = Call;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Call {
        self.0.dispatch(request)
    }
}

impl Debug for Inner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Inner")
    }
}

/// A stack of layers, with its types erased.
struct Layered<S>(S);

impl<S> Dispatch for Layered<S>
where
    S: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn dispatch(&self, request: Request) -> Call {
        let mut service = self.0.clone();
        // A stack of tower is lazy, and a streamed request must not be.
        let streamed = request.body.is_stream();
        let answer = async move {
            poll_fn(|cx| service.poll_ready(cx))
                .await
                .map_err(|error| errors::ours(error.into()).not_reached())?;
            service.call(request).await.map_err(|error| errors::ours(error.into()))
        };
        if streamed { eager(answer) } else { Call::boxed(answer) }
    }
}

/// What the layers of a client wrap: they hand on answers, and not the calls that know whose those are.
struct Signed(Arc<dyn Caller>);

impl Dispatch for Signed {
    fn dispatch(&self, request: Request) -> Call {
        self.0.dispatch(request).signed()
    }
}

/// A client with layers around its calls.
pub(crate) struct LayeredCaller {
    caller: Arc<dyn Caller>,
    layered: Arc<dyn Dispatch>,
}

impl LayeredCaller {
    /// A client with these around its calls; the first one is the outermost.
    pub(crate) fn new(caller: Arc<dyn Caller>, layers: Vec<Wrap>) -> Self {
        let layered = wrapped(Arc::new(Signed(caller.clone())), layers);
        Self { caller, layered }
    }
}

impl Dispatch for LayeredCaller {
    fn dispatch(&self, request: Request) -> Call {
        self.layered.dispatch(request)
    }
}

impl Caller for LayeredCaller {
    fn name(&self) -> &'static str {
        self.caller.name()
    }

    fn is_idempotent(&self, route: &Route) -> bool {
        self.caller.is_idempotent(route)
    }

    fn publish(&self, topic: &str, event: Request) -> Call {
        self.caller.publish(topic, event)
    }
}

/// A layer as the builders keep it, until there is something to put it around.
pub(crate) type Wrap = Box<dyn FnOnce(Arc<dyn Dispatch>) -> Arc<dyn Dispatch> + Send>;

/// Keeps a layer.
pub(crate) fn wrap<L>(layer: L) -> Wrap
where
    L: Layer<Inner> + Send + 'static,
    L::Service: Service<Request, Response = Response> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Error: Into<BoxError>,
    <L::Service as Service<Request>>::Future: Send + 'static,
{
    Box::new(|inner| layered(inner, layer))
}

/// Puts kept layers around `inner`, such that the first one is the outermost.
pub(crate) fn wrapped(inner: Arc<dyn Dispatch>, layers: Vec<Wrap>) -> Arc<dyn Dispatch> {
    layers.into_iter().rev().fold(inner, |inner, wrap| wrap(inner))
}
