//! [`Service`]: a name, handlers, and everything between them and the network.

mod build;
mod checked;
mod hooks;
mod options;
mod phase;
mod prepared;
mod registering;
mod running;
mod signals;
mod stopping;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Caller, Dispatch, Endpoint, Extensions, Format, Handler, Key, Result, Server, Shutdown};
use micro_registry::Registry;
use micro_selector::{HealthOptions, Selector};
use micro_transport::{DialOptions, ListenOptions, Transport};

use self::hooks::Hooks;
pub use self::prepared::Prepared;
pub use self::running::Running;
use crate::layer::Wrap;
use crate::limit::Limits;
use crate::settings::Mistakes;
use crate::{Plugins, Settings};

/// A service: build it, run it.
///
/// ```no_run
/// use micro::{Result, Service, handler, message};
///
/// #[message]
/// pub struct CallRequest { #[field(1)] pub name: String }
/// #[message]
/// pub struct CallResponse { #[field(1)] pub msg: String }
///
/// struct Helloworld;
///
/// #[handler]
/// impl Helloworld {
///     /// Greets a person by name.
///     async fn call(&self, request: CallRequest) -> Result<CallResponse> {
///         Ok(CallResponse { msg: format!("Hello {}", request.name) })
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     Service::new("helloworld").handle(Helloworld).run().await
/// }
/// ```
///
/// What the code says is final; what it leaves open the operator decides, by flags ([`Service::flags`]) and `MICRO_*`
/// variables, which are read once, when the service is built. [`Settings`] has them all, [`defaults`](crate::defaults)
/// what holds where nobody says anything.
#[must_use = "a service does nothing until it is run"]
pub struct Service {
    name: String,
    version: Option<String>,
    id: Option<String>,
    address: Option<String>,
    default_address: Option<String>,
    listener: Option<std::net::TcpListener>,
    advertise: Option<String>,
    metadata: BTreeMap<String, String>,
    ttl: Option<Duration>,
    interval: Option<Duration>,
    endpoints: Vec<Endpoint>,
    fallback: Option<Arc<dyn Dispatch>>,
    registry: Option<Arc<dyn Registry>>,
    selector: Option<Arc<dyn Selector>>,
    transport: Option<Arc<dyn Transport>>,
    caller: Option<Arc<dyn Caller>>,
    server: Option<Arc<dyn Server>>,
    codecs: Vec<Format>,
    format: Option<Format>,
    plugins: Plugins,
    settings: Option<Settings>,
    flags: Settings,
    layers: Vec<Wrap>,
    client_layers: Vec<Wrap>,
    extensions: Extensions,
    propagate: Vec<Key>,
    dial: DialOptions,
    health: HealthOptions,
    listen: ListenOptions,
    limits: Limits,
    request_timeout: Option<Duration>,
    attempts: Option<u32>,
    retry_budget: Option<f64>,
    lame_duck: Duration,
    drain: Duration,
    signals: bool,
    stop: Shutdown,
    hooks: Hooks,
    /// What the methods above were given and cannot be.
    mistakes: Mistakes,
}

impl Service {
    /// A service of that name. Reads nothing and does nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            id: None,
            address: None,
            default_address: None,
            listener: None,
            advertise: None,
            metadata: BTreeMap::new(),
            ttl: None,
            interval: None,
            endpoints: Vec::new(),
            fallback: None,
            registry: None,
            selector: None,
            transport: None,
            caller: None,
            server: None,
            codecs: Vec::new(),
            format: None,
            plugins: Plugins::default(),
            settings: None,
            flags: Settings::empty(),
            layers: Vec::new(),
            client_layers: Vec::new(),
            extensions: Extensions::new(),
            propagate: Vec::new(),
            dial: DialOptions::default(),
            health: HealthOptions::default(),
            listen: ListenOptions::default(),
            limits: Limits::default(),
            request_timeout: None,
            attempts: None,
            retry_budget: None,
            lame_duck: crate::defaults::LAME_DUCK,
            drain: crate::defaults::DRAIN,
            signals: true,
            stop: Shutdown::new(),
            hooks: Hooks::default(),
            mistakes: Mistakes::default(),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Answers the endpoints of a handler.
    pub fn handle(mut self, handler: impl Handler) -> Self {
        self.endpoints.extend(Arc::new(handler).endpoints());
        self
    }

    /// Answers one endpoint, made by hand.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Gives calls for endpoints that this service does not have to `fallback`: what proxies are made of.
    pub fn fallback(self, fallback: impl Dispatch) -> Self {
        Self { fallback: Some(Arc::new(fallback)), ..self }
    }

    /// Gives handlers a value, which they read by `ctx.extension::<T>()`.
    pub fn extension<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// Runs `hook` before the service listens. Hooks of a kind run in the order they were given; an error ends the
    /// start.
    pub fn before_start<F: Future<Output = Result<()>> + Send + 'static>(
        mut self,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        self.hooks.before_start.add(hook);
        self
    }

    /// Runs `hook` when the service answers and is registered.
    pub fn after_start<F: Future<Output = Result<()>> + Send + 'static>(
        mut self,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        self.hooks.after_start.add(hook);
        self
    }

    /// Runs `hook` before the service leaves its registry. An error is logged, and the stop goes on.
    pub fn before_stop<F: Future<Output = Result<()>> + Send + 'static>(
        mut self,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        self.hooks.before_stop.add(hook);
        self
    }

    /// Runs `hook` when the last call has been answered.
    pub fn after_stop<F: Future<Output = Result<()>> + Send + 'static>(
        mut self,
        hook: impl FnOnce() -> F + Send + 'static,
    ) -> Self {
        self.hooks.after_stop.add(hook);
        self
    }

    /// Stops when `stop` is fired, beside SIGTERM and SIGINT.
    pub fn shutdown(self, stop: Shutdown) -> Self {
        Self { stop, ..self }
    }

    /// Takes the settings of a command line, whose first argument is the program: `std::env::args_os()`. Arguments that
    /// are not for `micro` are left alone; [`Settings::from_flags`] returns them.
    pub fn flags(mut self, args: impl IntoIterator<Item = OsString>) -> Self {
        let (flags, mistakes) = Settings::read_flags(args);
        self.flags = flags;
        self.mistakes.add(mistakes);
        self
    }

    /// Takes these settings, and none of the environment.
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// Makes the parts, without starting anything: for a program that needs the client before, or alone.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) with all that is wrong with the settings, and
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) for a part that cannot be reached.
    pub fn build(self) -> Result<Prepared> {
        build::prepared(self)
    }

    /// Starts the service: it listens and answers when this returns, and is being registered; wait for
    /// [`Running::registered`] where others are to find it.
    ///
    /// # Errors
    /// As [`build`](Self::build) and [`Prepared::start`].
    pub async fn start(self) -> Result<Running> {
        self.build()?.start().await
    }

    /// Runs the service until it is told to stop: by SIGTERM, SIGINT, or its [`shutdown`](Self::shutdown) signal. It
    /// stops as [`Running::stop`] says, also when it is told so while it starts; a second signal ends it at once.
    ///
    /// # Errors
    /// As [`start`](Self::start), and what the server ends with by itself.
    pub async fn run(self) -> Result<()> {
        self.build()?.run().await
    }
}

impl Debug for Service {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
