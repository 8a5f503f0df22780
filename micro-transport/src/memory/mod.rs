//! [`Memory`]: calls within one process.

mod answer;
mod calls;
mod connection;
mod depth;
mod eager;
mod limit;
mod listener;
mod network;
mod port;

use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Address, Listener, Result};

use self::connection::MemoryConnection;
use self::listener::MemoryListener;
use self::network::Network;
use crate::{Connection, DialOptions, ListenOptions, Transport};

/// Calls between services of one process, without sockets: for tests, and for services that are built into one program.
///
/// Each `Memory::new()` is a network of its own, and its clones share it: what one test listens at, no other test sees.
/// Listening at `:0` makes an address up (`memory:1`); every other one can be taken once at a time.
///
/// It behaves as a network does: what is local to a process (the account that a layer found, the options of the call,
/// the source of an error) does not cross, limits and deadlines hold, and a listener that goes away fails what is in
/// flight. [`ListenOptions::max_header`], the options about silence and the pool's are about sockets, and mean nothing
/// here, but nonsense in them is refused as everywhere; of [`ListenOptions::max_streams`] there is no need, as [`ListenOptions::max_calls`] holds.
///
/// A call costs next to nothing: a handler runs in its caller's task, whenever that polls the call. A call whose request
/// is a stream has a task of its own, as it must go on whether or not it is polled; so has one that is made in the
/// sixteenth handler that runs within another's, as a chain of calls would take up its thread's stack otherwise. That
/// needs a runtime: without one every handler runs where its caller is, and chains are to be short.
///
/// ```
/// use micro_core::Address;
/// use micro_transport::{ListenOptions, Memory, Transport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> micro_core::Result<()> {
/// let listener = Memory::new().listen(&Address::new(":0")?, &ListenOptions::default()).await?;
/// assert_eq!(listener.addresses()[0].as_str(), "memory:1");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Memory {
    network: Arc<Network>,
}

impl Memory {
    /// A network of its own, in which nobody listens yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Transport for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn dial(&self, to: &Address, options: &DialOptions) -> Result<Arc<dyn Connection>> {
        options.check()?;
        let (port, from) = self.network.find(to)?;
        Ok(Arc::new(MemoryConnection::new(port, from, options)))
    }

    async fn listen(&self, at: &Address, options: &ListenOptions) -> Result<Box<dyn Listener>> {
        options.check()?;
        let port = self.network.take(at, options)?;
        Ok(Box::new(MemoryListener::new(self.network.clone(), port)))
    }
}
