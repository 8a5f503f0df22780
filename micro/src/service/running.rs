use std::fmt::{self, Debug, Formatter};

use micro_core::{Address, Client, Error, Result, Shutdown};
use micro_registry::{Node, Registration, RegistrationOptions, RegistrationState};
use tokio_util::task::AbortOnDropHandle;

use super::hooks::Chain;
use super::prepared::Prepared;
use super::registering;
use super::signals::Told;
use super::stopping::{self, Ending, flat};
use crate::readiness::Readiness;

/// A service that answers. Dropping it ends it at once; [`stop`](Self::stop) ends it in order.
#[must_use = "a service ends when this is dropped"]
pub struct Running {
    pub(super) name: String,
    addresses: Vec<Address>,
    node: Node,
    client: Client,
    pub(super) readiness: Readiness,
    pub(super) registration: Registration,
    pub(super) serving: AbortOnDropHandle<Result<()>>,
    /// What the server ended with, once it has.
    pub(super) ended: Option<Result<()>>,
    after_start: Chain,
    pub(super) before_stop: Chain,
    pub(super) after_stop: Chain,
    pub(super) ending: Ending,
    signals: bool,
    told: Shutdown,
}

/// Starts, and leaves it to the caller when to stop.
pub(super) async fn start(prepared: Prepared) -> Result<Running> {
    let mut running = begin(prepared).await?;
    match running.started().await {
        Ok(()) => Ok(running),
        Err(error) => {
            running.stop().await?;
            Err(error)
        }
    }
}

/// Starts, and stops when it is told to, whether or not it has started by then.
pub(super) async fn run(prepared: Prepared) -> Result<()> {
    let mut told = Told::new(prepared.lifetime.signals, prepared.lifetime.stop.clone());
    let name = prepared.identity.name.clone();
    let mut running = tokio::select! {
        biased;
        () = told.stop_wanted() => {
            tracing::info!("Stopped [service] {name} before it listened");
            return Ok(());
        }
        running = begin(prepared) => running?,
    };
    let failed = tokio::select! {
        biased;
        () = told.stop_wanted() => None,
        started = running.started() => match started {
            Ok(()) => return running.until(told).await,
            Err(error) => Some(error),
        }
    };
    running.end(told).await?;
    failed.map_or(Ok(()), Err)
}

/// Listens, answers, registers; in this order. Dropped before its end it has done nothing that lasts.
async fn begin(prepared: Prepared) -> Result<Running> {
    let Prepared {
        identity,
        mut record,
        facts,
        app,
        server,
        transport,
        registry,
        client,
        readiness,
        lifetime,
        hooks,
        stopping,
        close,
        cancel,
        stats,
    } = prepared;
    tracing::info!("Starting [service] {}", identity.name);
    hooks.before_start.run("before the start").await?;

    let listener = server.bind().await?;
    let addresses = listener.addresses().to_vec();
    let shown = addresses.iter().map(Address::as_str).collect::<Vec<_>>().join(", ");
    tracing::info!("Transport [{transport}] Listening on {shown}");
    let node = registering::node(&identity, &facts, &addresses)?;
    record.nodes = vec![node.clone()];
    let serving = AbortOnDropHandle::new(tokio::spawn(listener.serve(app, stopping.clone())));

    tracing::info!("Registry [{}] Registering node: {} at {}", registry.name(), node.id, node.address);
    let mut options = RegistrationOptions::default();
    (options.ttl, options.interval) = (lifetime.ttl, lifetime.interval);
    // What is registered has to be taken back: nothing is awaited from here on.
    let registration = Registration::start(registry, record, options);
    readiness.running(registration.watch());

    let ending =
        Ending { lame_duck: lifetime.lame_duck, drain: lifetime.drain, stopping, close, cancel, stats };
    Ok(Running {
        name: identity.name,
        addresses,
        node,
        client,
        readiness,
        registration,
        serving,
        ended: None,
        after_start: hooks.after_start,
        before_stop: hooks.before_stop,
        after_stop: hooks.after_stop,
        ending,
        signals: lifetime.signals,
        told: lifetime.stop,
    })
}

impl Running {
    /// The name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Its node, as the registry has it.
    #[must_use]
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Its client.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Waits until the registry has its node.
    pub async fn registered(&self) {
        let mut state = self.registration.state();
        while state != RegistrationState::Registered {
            state = self.registration.changed(state).await;
        }
    }

    /// Waits until the service is told to stop (by SIGTERM, SIGINT, or the signal of
    /// [`Service::shutdown`](crate::Service::shutdown)), and stops it. A second signal ends it at once.
    ///
    /// # Errors
    /// What the server ended with, and [`Code::Cancelled`](micro_core::Code::Cancelled) after a second signal.
    pub async fn run(self) -> Result<()> {
        let told = Told::new(self.signals, self.told.clone());
        self.until(told).await
    }

    /// Stops in order, by phases, each with a limit and a line in the log:
    ///
    #[doc = include_str!("../docs/stop.md")]
    ///
    /// # Errors
    /// What the server ended with.
    pub async fn stop(self) -> Result<()> {
        stopping::stop(self).await
    }

    /// Runs the hooks of the moment after the start.
    async fn started(&mut self) -> Result<()> {
        std::mem::take(&mut self.after_start).run("after the start").await
    }

    /// Waits until the service is told to stop or its server has ended, and stops it.
    async fn until(mut self, mut told: Told) -> Result<()> {
        tokio::select! {
            () = told.stop_wanted() => {}
            result = &mut self.serving => self.ended = Some(flat(result)),
        }
        self.end(told).await
    }

    /// Stops it; at once at the second signal.
    async fn end(self, mut told: Told) -> Result<()> {
        tokio::select! {
            biased;
            (first, second) = told.again() => {
                tracing::warn!("Received signal {second} after {first}: ending at once");
                Err(Error::cancelled(format!("ended by {second} after {first}, before its stop was done")))
            }
            result = self.stop() => result,
        }
    }
}

impl Debug for Running {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("name", &self.name).field("node", &self.node).finish_non_exhaustive()
    }
}
