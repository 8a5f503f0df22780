//! Discovery without a server, by multicast DNS.

mod announcement;
mod daemon;
mod describer;
mod driver;
mod fingerprint;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod search;
mod selection;
mod table;
#[cfg(test)]
mod tests;
mod txt;
mod watch;

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use micro_core::{Error, Result};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use self::daemon::Daemon;
use self::describer::Describer;
use self::driver::Shared;
use self::selection::Selection;
use self::watch::MdnsWatch;
use crate::unknown::unknown;
use crate::{Describe, RegisterOptions, Registry, Service, Watch};

/// The registry that needs no server: services find each other by multicast DNS (RFC 6762, RFC 6763) as
/// `_micro._tcp.local.`. It reaches as far as multicast does: one machine, or one network segment.
///
/// * **What is announced**: one DNS-SD instance per node, with its record as JSON in the TXT record. It has to fit into
///   one packet. Endpoints that do not fit are left out, and are fetched from the node by those who ask for them
///   ([`Describe`]). A record that does not fit without its endpoints is refused.
/// * **Where**: on the interfaces of [`MdnsOptions::interfaces`]; without that on all of them but bridges to containers
///   (`docker0`) and tunnels, and on loopback only when there is nothing else. Interfaces that come and go are used and
///   left within seconds. Loopback works over IPv4 (Linux gives it no route for IPv6 multicast), others over both.
/// * **How long**: a node that is not registered again within its TTL is gone, on the machine that registered it and on
///   all others. DNS's own lifetimes (2 minutes and more) do not matter. Deregistering says goodbye, and so does
///   dropping the registry, which takes all of its nodes away.
/// * **Without a network**: while none of the interfaces is up, everything fails with
///   [`Unavailable`](micro_core::Code::Unavailable) and watches end, but nobody is taken for dead: what was heard is kept,
///   and has a new TTL to be heard again when there is a network.
/// * **Asking**: the first question starts a search that goes on as long as the registry lives, so later ones are
///   answered from what was heard. A name that nobody has announced is asked for on the network, and after 1.5 s it is
///   [`NotFound`](micro_core::Code::NotFound). The first [`list`](Registry::list) and the snapshot of the first watch
///   of all services take as long.
///
/// Everything heard is untrusted and read with limits: what is no record of ours is ignored. Anybody on the network can
/// announce anything: mDNS is for networks whose machines trust each other.
///
/// ```
/// use micro_registry::{Mdns, MdnsOptions, Node, RegisterOptions, Registry, Service};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> micro_core::Result<()> {
/// let registry = Mdns::new(MdnsOptions::default().with_interfaces(["lo"]))?;
/// let node = Node::new("doc-1", "127.0.0.1:8080".parse()?);
/// let service = Service::new("doc", "latest").with_node(node);
/// registry.register(&service, &RegisterOptions::default()).await?;
/// assert_eq!(registry.get("doc").await?, [service.clone()]);
/// registry.deregister(&service).await
/// # }
/// ```
pub struct Mdns {
    shared: Arc<Shared>,
    /// What hears and expires; runs in the runtime of the first call.
    driver: Mutex<Option<JoinHandle<()>>>,
}

/// How [`Mdns`] works.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MdnsOptions {
    /// The interfaces to use, by name (`eth0`) or by address (`192.168.1.7`); `lo` is loopback on every system. Empty:
    /// all that lead out of this machine, or loopback when none does.
    pub interfaces: Vec<String>,
    /// Where endpoints come from that do not fit into a record. Without it they stay unknown.
    pub describe: Option<Arc<dyn Describe>>,
}

impl MdnsOptions {
    /// The same on these interfaces only.
    #[must_use]
    pub fn with_interfaces<I: Into<String>>(mut self, interfaces: impl IntoIterator<Item = I>) -> Self {
        self.interfaces = interfaces.into_iter().map(Into::into).collect();
        self
    }

    /// The same with a source for endpoints that do not fit into a record.
    #[must_use]
    pub fn with_describe(mut self, describe: Arc<dyn Describe>) -> Self {
        self.describe = Some(describe);
        self
    }
}

impl Mdns {
    /// Starts to listen. Nothing is sent before the first call.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for an interface that is not there (the text names
    /// those that are), and [`Code::Unavailable`](micro_core::Code::Unavailable) when another program has the port of
    /// mDNS for itself, or the system gives no thread.
    pub fn new(options: MdnsOptions) -> Result<Self> {
        let selection = Selection::new(&options.interfaces, &micro_net::interfaces()?)?;
        let shared = Shared::new(Daemon::start(selection)?, Describer::new(options.describe));
        Ok(Self { shared: Arc::new(shared), driver: Mutex::default() })
    }

    /// Makes sure that the driver runs: it does not when this is the first call, or when the runtime of the first call
    /// has ended.
    fn drive(&self) -> Result<&Arc<Shared>> {
        let mut driver = lock(&self.driver);
        if driver.as_ref().is_none_or(JoinHandle::is_finished) {
            let runtime = Handle::try_current().map_err(|_| {
                Error::failed_precondition("mDNS needs a tokio runtime: call it from async code")
            })?;
            *driver = Some(runtime.spawn(driver::drive(self.shared.clone())));
        }
        Ok(&self.shared)
    }
}

// === impl Mdns ===

#[async_trait]
impl Registry for Mdns {
    fn name(&self) -> &'static str {
        "mdns"
    }

    fn place(&self) -> String {
        self.shared.place()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.drive()?.register(service, options.ttl).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.drive()?.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        let shared = self.drive()?;
        shared.daemon.connected()?;
        shared.settled(Some(name)).await?;
        let found = lock(&shared.table).named(name);
        if found.is_empty() {
            return Err(unknown(name, self));
        }
        Ok(shared.describer.versions(found).await)
    }

    async fn list(&self) -> Result<Vec<String>> {
        let shared = self.drive()?;
        shared.daemon.connected()?;
        shared.settled(None).await?;
        Ok(lock(&shared.table).names())
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        let shared = self.drive()?;
        shared.daemon.connected()?;
        // The watch begins before the search, so that it misses nothing the search finds.
        let (snapshot, changes) = lock(&shared.table).watch(name);
        let settled = {
            let (shared, name) = (shared.clone(), name.map(str::to_owned));
            async move { shared.settled(name.as_deref()).await }
        };
        Ok(Box::new(MdnsWatch::new(&snapshot, changes, settled, shared.clone())))
    }
}

impl Debug for Mdns {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mdns").field("place", &self.shared.place()).finish_non_exhaustive()
    }
}

impl Drop for Mdns {
    fn drop(&mut self) {
        if let Some(driver) = lock(&self.driver).take() {
            driver.abort();
        }
        self.shared.close();
    }
}

/// Locks; what a panicking thread left behind is still right, as no guard is held over anything that can panic halfway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
