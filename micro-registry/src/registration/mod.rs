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
use tokio::time::{Instant, timeout};

use crate::{Registry, Service};

/// Keeps a service registered until it is stopped, whatever happens to the registry.
///
/// It is a loop and not a call: it registers at once and again each interval, and when that fails, after a wait that
/// grows, for ever. A registry that is not there yet is no error, and one that comes back with nothing in it is told
/// again within an interval. [`state`](Self::state) says how it stands and [`watch`](Self::watch) why, for readiness; the
/// log says it once for each change, and not for each attempt.
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
    status: watch::Receiver<RegistrationStatus>,
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
    /// How long the registry may take for one attempt, and for the deregistration: 5 s. An attempt is given up after a
    /// third of the TTL, where that is sooner, but not before 500 ms: what has not got through by then should be tried
    /// again while the TTL still lasts.
    pub timeout: Duration,
    /// The waits after failures: from 100 ms up to 10 s, but no longer than the interval, where that is more than 1 s: a
    /// service that registers that often does not burden the registry more when it is down than when it is up.
    pub backoff: Backoff,
}

impl RegistrationOptions {
    /// How long one attempt may take.
    fn patience(&self) -> Duration {
        if self.ttl.is_zero() { self.timeout } else { self.timeout.min((self.ttl / 3).max(LEAST_PATIENCE)) }
    }

    /// The waits after failures.
    fn waits(&self) -> Backoff {
        let backoff = self.backoff.clone();
        if self.interval.is_zero() { backoff } else { backoff.capped(self.interval.max(LEAST_CAP)) }
    }
}

/// What a registry over a network may need on a bad day.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);

/// No interval makes the waits after failures shorter than this.
const LEAST_CAP: Duration = Duration::from_secs(1);

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

/// How a registration stands, why, and since when.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationStatus {
    /// How it stands.
    pub state: RegistrationState,
    /// Why the last attempt failed, with the registry and its place. None when it did not, and before the first one.
    pub error: Option<Arc<Error>>,
    /// Since when it is in that state.
    pub since: Instant,
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
        let pending =
            RegistrationStatus { state: RegistrationState::Pending, error: None, since: Instant::now() };
        let (told, status) = watch::channel(pending);
        let task = tokio::spawn(reconcile::run(registry.clone(), options.clone(), records, told));
        Self { registry, options, record, status, task }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> RegistrationState {
        self.status.borrow().state
    }

    /// How it stands and why, for those who look at it without holding it. They are woken when the state is another one;
    /// the error is always that of the last attempt.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RegistrationStatus> {
        self.status.clone()
    }

    /// Waits until it stands otherwise than `seen`, and returns how.
    pub async fn changed(&self, seen: RegistrationState) -> RegistrationState {
        let mut status = self.status.clone();
        if let Ok(status) = status.wait_for(|status| status.state != seen).await {
            return status.state;
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
