//! What a service can be told, beside what it answers.

use std::sync::Arc;
use std::time::Duration;

use micro_core::{AsKey, Caller, Format, Request, Response, Server};
use micro_registry::Registry;
use micro_selector::{HealthOptions, Selector};
use micro_transport::{DialOptions, ListenOptions, Transport};
use tower_layer::Layer;

use super::Service;
use crate::Plugins;
use crate::layer::{self, BoxError, Inner};

impl Service {
    /// Its version: `latest` unless somebody says otherwise.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// What comes after the name in its node's id, instead of a random one. It must be unique.
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// Where it listens, whatever the operator says: `127.0.0.1:8080`, `:0`, or a range of ports `:5000-6000`.
    pub fn address(self, address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..self }
    }

    /// Where it listens unless the operator says otherwise.
    pub fn default_address(self, address: impl Into<String>) -> Self {
        Self { default_address: Some(address.into()), ..self }
    }

    /// Listens on a socket that is bound already.
    pub fn listener(self, listener: std::net::TcpListener) -> Self {
        Self { listener: Some(listener), ..self }
    }

    /// The address that others are told: a host, or `host:port`.
    pub fn advertise(self, address: impl Into<String>) -> Self {
        Self { advertise: Some(address.into()), ..self }
    }

    /// A fact about its node, which selectors can filter by.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// How long its registration lasts.
    pub fn register_ttl(self, ttl: Duration) -> Self {
        Self { ttl: Some(ttl), ..self }
    }

    /// How often it is registered again; zero is once.
    pub fn register_interval(self, interval: Duration) -> Self {
        Self { interval: Some(interval), ..self }
    }

    /// Finds and is found in this registry.
    pub fn registry(self, registry: Arc<dyn Registry>) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// Picks nodes with this selector, unless a call says otherwise.
    pub fn selector(self, selector: Arc<dyn Selector>) -> Self {
        Self { selector: Some(selector), ..self }
    }

    /// Calls and is called over this transport.
    pub fn transport(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport: Some(transport), ..self }
    }

    /// Calls with this client.
    pub fn client(self, client: Arc<dyn Caller>) -> Self {
        Self { caller: Some(client), ..self }
    }

    /// Is called through this server.
    pub fn server(self, server: Arc<dyn Server>) -> Self {
        Self { server: Some(server), ..self }
    }

    /// Speaks one more format.
    pub fn codec(mut self, format: Format) -> Self {
        self.codecs.push(format);
        self
    }

    /// Writes what its client sends in this format.
    pub fn format(self, format: Format) -> Self {
        Self { format: Some(format), ..self }
    }

    /// Knows these names for the parts that settings choose.
    pub fn plugins(self, plugins: Plugins) -> Self {
        Self { plugins, ..self }
    }

    /// Puts a layer around its endpoints; the first one is the outermost. See [`layer::layered`].
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Inner> + Send + 'static,
        L::Service: tower_service::Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as tower_service::Service<Request>>::Error: Into<BoxError>,
        <L::Service as tower_service::Service<Request>>::Future: Send + 'static,
    {
        self.layers.push(layer::wrap(layer));
        self
    }

    /// Puts a layer around each attempt of its client's calls; the first one is the outermost.
    pub fn client_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Inner> + Send + 'static,
        L::Service: tower_service::Service<Request, Response = Response> + Clone + Send + Sync + 'static,
        <L::Service as tower_service::Service<Request>>::Error: Into<BoxError>,
        <L::Service as tower_service::Service<Request>>::Future: Send + 'static,
    {
        self.client_layers.push(layer::wrap(layer));
        self
    }

    /// Lets metadata of this key go on from a call to those that its handler makes through `ctx.client()`.
    pub fn propagate(mut self, key: impl AsKey) -> Self {
        let key = self.mistakes.take(key.to_key());
        self.propagate.extend(key);
        self
    }

    /// The most calls that it runs at a time; without a word there is no limit but the transport's
    /// ([`ListenOptions::max_calls`]). What is above waits in a queue: in its order where that is short, the newest first
    /// where it stays, as the oldest are about to be given up by their callers. What had to wait for too long, or to make
    /// room, fails with `ResourceExhausted`, reason `OVERLOADED`, not reached, and is told when to come back.
    ///
    /// A stream counts until it has ended, and `Debug.*` never does. A service that calls itself can take up all of its
    /// own places.
    pub fn max_running(mut self, calls: usize) -> Self {
        self.limits.max_running = Some(calls);
        self
    }

    /// The most calls that one endpoint, `Greeter.Hello`, runs at a time, so that it leaves room to the others: what
    /// waits for its turn there takes up nothing of [`max_running`](Self::max_running).
    pub fn max_running_of(mut self, endpoint: impl Into<String>, calls: usize) -> Self {
        self.limits.endpoints.insert(endpoint.into(), calls);
        self
    }

    /// The most calls that wait before each limit, and for how long at most; without any, calls above the limit fail at
    /// once.
    pub fn max_waiting(mut self, calls: usize, time: Duration) -> Self {
        (self.limits.max_waiting, self.limits.max_wait) = (Some(calls), Some(time));
        self
    }

    /// How long calls may have to wait for the processor before some are refused; zero is for ever. It says nothing about
    /// a burst or a handler that blocks once: only when each call waits for that long, half a second on end, and handlers
    /// are what takes up the time, those that waited for longer fail, as above a limit, before their handlers run.
    pub fn max_delay(mut self, time: Duration) -> Self {
        self.limits.max_delay = Some(time);
        self
    }

    /// Changes the limits of what comes in.
    pub fn limits(mut self, change: impl FnOnce(&mut ListenOptions)) -> Self {
        change(&mut self.listen);
        self
    }

    /// Changes how its client dials nodes.
    pub fn dialling(mut self, change: impl FnOnce(&mut DialOptions)) -> Self {
        change(&mut self.dial);
        self
    }

    /// When its client leaves nodes alone that fail, and for how long.
    pub fn health(self, health: HealthOptions) -> Self {
        Self { health, ..self }
    }

    /// How long its client's calls may take, over all their attempts.
    pub fn request_timeout(self, timeout: Duration) -> Self {
        Self { request_timeout: Some(timeout), ..self }
    }

    /// How often its client tries a call that reached nobody.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: Some(attempts), ..self }
    }

    /// The share of the calls to a service that its client may make again: 0.1 is a tenth.
    pub fn retry_budget(self, share: f64) -> Self {
        Self { retry_budget: Some(share), ..self }
    }

    /// How long it takes calls after it has left the registry.
    pub fn lame_duck(self, time: Duration) -> Self {
        Self { lame_duck: time, ..self }
    }

    /// How long the calls that run have to end when it stops.
    pub fn drain(self, time: Duration) -> Self {
        Self { drain: time, ..self }
    }

    /// Whether SIGTERM and SIGINT stop it; they do unless this says no.
    pub fn handle_signals(self, handle: bool) -> Self {
        Self { signals: handle, ..self }
    }
}
