use std::fmt::{self, Debug, Formatter};
use std::time::Duration;

use micro_core::{Address, Client, Error, Result, Shutdown};
use micro_registry::{Node, Registration, RegistrationOptions, RegistrationState};

use super::hooks::Phase;
use super::prepared::Prepared;
use super::{registering, signals};
use crate::eager::AbortOnDrop;
use crate::readiness::Readiness;

/// A service that answers. Dropping it ends it at once; [`stop`](Self::stop) ends it in order.
#[must_use = "a service ends when this is dropped"]
pub struct Running {
    name: String,
    addresses: Vec<Address>,
    node: Node,
    client: Client,
    readiness: Readiness,
    registration: Registration,
    /// Tells the server to stop accepting and to drain.
    drain: Shutdown,
    serving: AbortOnDrop<Result<()>>,
    /// What the server ended with, once it has.
    ended: Option<Result<()>>,
    before_stop: Phase,
    after_stop: Phase,
    lame_duck: Duration,
    drain_limit: Duration,
    signals: bool,
    told: Shutdown,
}

/// How soon after the first one a signal is taken for the same.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// Listens, answers, registers; in this order.
pub(super) async fn start(prepared: Prepared) -> Result<Running> {
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
    } = prepared;
    tracing::info!("Starting [service] {}", identity.name);
    hooks.before_start.run("before the start").await?;

    let listener = server.bind().await?;
    let addresses = listener.addresses().to_vec();
    let shown = addresses.iter().map(Address::as_str).collect::<Vec<_>>().join(", ");
    tracing::info!("Transport [{transport}] Listening on {shown}");
    let node = registering::node(&identity, &facts, &addresses)?;
    record.nodes = vec![node.clone()];
    let drain = Shutdown::new();
    let serving = AbortOnDrop(tokio::spawn(listener.serve(app, drain.clone())));

    tracing::info!("Registry [{}] Registering node: {} at {}", registry.name(), node.id, node.address);
    let mut options = RegistrationOptions::default();
    (options.ttl, options.interval) = (lifetime.ttl, lifetime.interval);
    let registration = Registration::start(registry, record, options);
    let state = registration.watch();
    readiness.running(move || *state.borrow() == RegistrationState::Registered);

    let running = Running {
        name: identity.name,
        addresses,
        node,
        client,
        readiness,
        registration,
        drain,
        serving,
        ended: None,
        before_stop: hooks.before_stop,
        after_stop: hooks.after_stop,
        lame_duck: lifetime.lame_duck,
        drain_limit: lifetime.drain,
        signals: lifetime.signals,
        told: lifetime.stop,
    };
    match hooks.after_start.run("after the start").await {
        Ok(()) => Ok(running),
        Err(error) => {
            running.stop().await?;
            Err(error)
        }
    }
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
    pub async fn run(mut self) -> Result<()> {
        let signals = self.signals;
        let signal = || async move {
            if signals { signals::told_to_stop().await } else { std::future::pending().await }
        };
        let told = self.told.clone();
        tokio::select! {
            signal = signal() => tracing::info!("Received signal {signal}"),
            () = told.fired() => {}
            result = &mut self.serving.0 => self.ended = Some(flat(result)),
        }
        let again = async {
            // Supervisors may send a signal to a process and to its group; one that follows at once is the same.
            tokio::time::sleep(SAME_SIGNAL).await;
            signal().await
        };
        tokio::select! {
            result = self.stop() => result,
            signal = again => {
                tracing::warn!("Received signal {signal} again: ending at once");
                Err(Error::cancelled(format!("ended by a second {signal}, with calls that were not answered")))
            }
        }
    }

    /// Stops in order: not ready any more, out of the registry, a while for those who have not heard of it, no new
    /// connections, the calls that run are answered, and what is not answered by then is cancelled.
    ///
    /// # Errors
    /// What the server ended with.
    pub async fn stop(mut self) -> Result<()> {
        tracing::info!("Stopping [service] {}", self.name);
        self.readiness.stopping();
        self.before_stop.run_all("before the stop").await;

        if let Err(error) = self.registration.stop().await {
            tracing::warn!(%error, "the registry did not let the node go; it goes when its TTL is over");
        }
        let result = match self.ended.take() {
            Some(result) => result,
            None => drained(&mut self.serving, &self.drain, self.lame_duck, self.drain_limit).await,
        };
        self.after_stop.run_all("after the stop").await;
        tracing::info!("Stopped [service] {}", self.name);
        result
    }
}

async fn drained(
    serving: &mut AbortOnDrop<Result<()>>,
    drain: &Shutdown,
    lame_duck: Duration,
    limit: Duration,
) -> Result<()> {
    if let Ok(result) = tokio::time::timeout(lame_duck, &mut serving.0).await {
        return flat(result);
    }
    drain.fire();
    if let Ok(result) = tokio::time::timeout(limit, &mut serving.0).await {
        return flat(result);
    }
    tracing::warn!("calls still run after {limit:?}: cancelling them");
    serving.0.abort();
    // Its task is over when all that it held is dropped, handlers included.
    let _ = (&mut serving.0).await;
    Ok(())
}

fn flat(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| Err(Error::internal("the server's task ended").with_source(error)))
}

impl Debug for Running {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("name", &self.name).field("node", &self.node).finish_non_exhaustive()
    }
}
