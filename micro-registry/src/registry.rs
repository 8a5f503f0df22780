use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use micro_core::Result;

use crate::{Node, Service};

/// Knows which services run where.
///
/// Laws, which `conformance` tests:
/// 1. What was registered is visible to `get` and `list`.
/// 2. `get` of a name that nobody has is [`Code::NotFound`](micro_core::Code::NotFound), not an empty list.
/// 3. Registering a node again updates it, and never makes a second one.
/// 4. A node that is deregistered is gone; the other nodes of its service stay.
/// 5. A node that is not registered again within its TTL is gone.
/// 6. A watch tells what is there, then [`Event::Synced`], then what changes, in order.
/// 7. Nodes of several versions of a name are told apart by version.
/// 8. Dropping a watch ends it.
/// 9. A watch says of a node that it was deregistered only where it was, and not where it has expired.
#[async_trait]
pub trait Registry: Debug + Send + Sync + 'static {
    /// The name by which settings choose it: `mdns`.
    fn name(&self) -> &'static str;

    /// Where it looks, for people: `interfaces lo`, `10.0.0.1:2379`.
    fn place(&self) -> String;

    /// Makes the nodes of `service` known, or known again, for a time.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry cannot be reached, and
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for a record that it cannot hold.
    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()>;

    /// Takes the nodes of `service` away. Those that are not there are no error.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry cannot be reached.
    async fn deregister(&self, service: &Service) -> Result<()>;

    /// The versions of a service, each with its nodes and endpoints.
    ///
    /// # Errors
    /// [`Code::NotFound`](micro_core::Code::NotFound) when nobody has the name, and
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry cannot be reached.
    async fn get(&self, name: &str) -> Result<Vec<Service>>;

    /// The names of all services, sorted.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry cannot be reached.
    async fn list(&self) -> Result<Vec<String>>;

    /// Watches one service, or all of them.
    ///
    /// # Errors
    /// [`Code::Unimplemented`](micro_core::Code::Unimplemented) when this registry cannot be watched at all, and
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry cannot be reached.
    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>>;
}

/// How a service is registered.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RegisterOptions {
    /// How long the registration lasts unless it is made again.
    pub ttl: Duration,
}

impl RegisterOptions {
    /// A registration that lasts that long.
    #[must_use]
    pub const fn new(ttl: Duration) -> Self {
        Self { ttl }
    }
}

/// The default TTL: 90 s.
impl Default for RegisterOptions {
    fn default() -> Self {
        Self::new(Duration::from_secs(90))
    }
}

/// Changes of services, as they happen.
#[async_trait]
pub trait Watch: Send {
    /// The next change.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the registry was lost: watch again.
    async fn next(&mut self) -> Result<Event>;
}

/// A change of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A node is there, or has changed: its service with this one node.
    Put(Service),
    /// A node is gone.
    Remove {
        /// The name of its service.
        service: String,
        /// Its version.
        version: String,
        /// The node, as it was last known.
        node: Node,
        /// Why it is gone.
        why: Removal,
    },
    /// All that was there when the watch began has been told.
    Synced,
}

/// Why a node is gone, as far as its registry can tell.
///
/// It matters on a bad day. A node that was deregistered wants no more calls. One that has expired may be dead; or it
/// lives, and it is the registry that was out of reach or has lost its data. A [`Cache`](crate::Cache) lets the first go
/// at once, and does not believe that most nodes of a service have died in the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Removal {
    /// It was deregistered, or has gone over to another version.
    Deregistered,
    /// It was not registered again within its TTL.
    Expired,
    /// The registry cannot tell. It is taken for expired: calls to a node that has left fail for a short while, and go
    /// elsewhere; calls that are not made as a registry has lost its data are an outage.
    Unknown,
}
