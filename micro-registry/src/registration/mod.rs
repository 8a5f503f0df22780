//! Keeping a service registered.

mod reconcile;
#[cfg(test)]
mod tests;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Error, Result};
use micro_net::Backoff;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::{Registry, Service};

/// Keeps a service registered until it is stopped, whatever happens to the registry.
///
/// It is a loop and not a call: it registers at once and again each interval, and when that fails, after a wait that
/// grows, for ever. A registry that is not there yet is no error, and one that comes back with nothing in it is told
/// again within an interval. [`state`](Self::state) says how it stands, for readiness.
///
/// Dropping it ends the loop and leaves the registration to its TTL; [`stop`](Self::stop) takes it away.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use micro_core::Address;
/// use micro_registry::{Memory, Node, Registration, RegistrationOptions, RegistrationState, Registry, Service};
///
/// let registry = Memory::new();
/// let record = Service::new("greeter", "latest").with_node(Node::new("greeter-1", Address::new("127.0.0.1:9090")?));
/// let registration = Registration::start(Arc::new(registry.clone()), record, RegistrationOptions::default());
/// assert_eq!(registration.changed(RegistrationState::Pending).await, RegistrationState::Registered);
/// assert_eq!(registry.list().await?, ["greeter"]);
/// registration.stop().await?;
/// assert!(registry.list().await?.is_empty());
/// # Ok::<(), micro_core::Error>(()) }).unwrap();
/// ```
pub struct Registration {
    registry: Arc<dyn Registry>,
    options: RegistrationOptions,
    record: watch::Sender<Arc<Service>>,
    state: watch::Receiver<RegistrationState>,
    task: JoinHandle<()>,
}

/// How a [`Registration`] is kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationOptions {
    /// How long the registry keeps the service when it is not heard of: 90 s. Longer than the interval.
    pub ttl: Duration,
    /// How often it is registered again: every 30 s. Zero: once, and not again.
    pub interval: Duration,
    /// How long the registry may take for one attempt, and for the deregistration: 5 s.
    pub timeout: Duration,
    /// The waits after failures: from 100 ms up to 10 s.
    pub backoff: Backoff,
}

/// How a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistrationState {
    /// The registry has not been reached yet.
    Pending,
    /// The registry has the service, as far as it said last.
    Registered,
    /// The last attempt failed: callers lose sight of the service, at the latest when its TTL ends.
    Lost,
}

impl Registration {
    /// Begins to register `record`, in a task of its own.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn start(registry: Arc<dyn Registry>, record: Service, options: RegistrationOptions) -> Self {
        if !options.ttl.is_zero() && options.ttl <= options.interval {
            tracing::warn!(
                service = record.name,
                ttl = ?options.ttl,
                interval = ?options.interval,
                "the TTL of the registration is not longer than its interval: the service will come and go"
            );
        }
        let (record, records) = watch::channel(Arc::new(record));
        let (states, state) = watch::channel(RegistrationState::Pending);
        let task = tokio::spawn(reconcile::run(registry.clone(), options.clone(), records, states));
        Self { registry, options, record, state, task }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> RegistrationState {
        *self.state.borrow()
    }

    /// How it stands, for those who look at it without holding it.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// Waits until it stands otherwise than `seen`, and returns how.
    pub async fn changed(&self, seen: RegistrationState) -> RegistrationState {
        let mut state = self.state.clone();
        if let Ok(state) = state.wait_for(|state| *state != seen).await {
            return *state;
        }
        // The loop ends with its runtime only: nobody is told of anything any more.
        std::future::pending().await
    }

    /// Registers this from now on, and at once. Nodes that it does not have any more are taken away.
    pub fn update(&self, record: Service) {
        self.record.send_replace(Arc::new(record));
    }

    /// Ends the loop and takes the service away.
    ///
    /// # Errors
    /// The registry's, or [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded) when it does not answer in
    /// time. The registration ends with its TTL then.
    pub async fn stop(mut self) -> Result<()> {
        self.task.abort();
        // Until it has ended an attempt may be under way, which would come after the deregistration.
        let _ = (&mut self.task).await;
        let record = self.record.borrow().clone();
        let limit = self.options.timeout;
        match timeout(limit, self.registry.deregister(&record)).await {
            Ok(result) => result,
            Err(_) => Err(Error::deadline_exceeded(format!(
                "registry {} ({}) has not deregistered service `{}` within {limit:?}",
                self.registry.name(),
                self.registry.place(),
                record.name
            ))),
        }
    }
}

impl Default for RegistrationOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(90),
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            backoff: Backoff::default(),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Debug for Registration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("service", &self.record.borrow().name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
