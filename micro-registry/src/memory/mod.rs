//! A registry in this process.

mod expiry;
mod state;
#[cfg(test)]
mod tests;
mod watch;

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use micro_core::{Error, Result};

use self::state::State;
use self::watch::MemoryWatch;
use crate::unknown::unknown;
use crate::{RegisterOptions, Registry, Service, Watch};

/// A registry in this process: for tests, and for services that live together.
///
/// Clones share what is registered; two made by [`Memory::new`] know nothing of each other, so tests that run side by
/// side do not meet. Nodes leave when their TTL ends; with a TTL of zero they stay until they are deregistered.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use micro_core::Address;
/// use micro_registry::{Memory, Node, RegisterOptions, Registry, Service};
///
/// let registry = Memory::new();
/// let node = Node::new("greeter-1", Address::new("127.0.0.1:9090")?);
/// registry.register(&Service::new("greeter", "latest").with_node(node), &RegisterOptions::default()).await?;
/// assert_eq!(registry.clone().list().await?, ["greeter"]);
/// # Ok::<(), micro_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared(Mutex<State>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock, and state is whole between statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Registry for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn place(&self) -> String {
        "this process".to_owned()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        check(service)?;
        let mut state = self.0.lock();
        let expires = state.register(service, options.ttl);
        if let Some(at) = expires {
            expiry::arm(&mut state, &self.0, at);
        }
        Ok(())
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.0.lock().deregister(service);
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        self.0.lock().get(name).ok_or_else(|| unknown(name, self))
    }

    async fn list(&self) -> Result<Vec<String>> {
        Ok(self.0.lock().list())
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        Ok(Box::new(MemoryWatch::new(&self.0, name)))
    }
}

/// What no registry can hold.
fn check(service: &Service) -> Result<()> {
    let fault = if service.name.is_empty() {
        "it has no name"
    } else if service.nodes.is_empty() {
        "it has no node"
    } else if service.nodes.iter().any(|node| node.id.is_empty()) {
        "a node of it has no id"
    } else {
        return Ok(());
    };
    Err(Error::invalid_argument(format!("service `{}` cannot be registered: {fault}", service.name)))
}

impl Debug for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("services", &self.0.lock().list()).finish()
    }
}
