use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Address, Dispatch, Listener, Result, Shutdown};

use super::network::Network;
use super::port::Port;

/// An address that is taken until this is dropped.
pub(super) struct MemoryListener {
    network: Arc<Network>,
    port: Arc<Port>,
    addresses: [Address; 1],
}

impl MemoryListener {
    pub(super) fn new(network: Arc<Network>, port: Arc<Port>) -> Self {
        let addresses = [port.address().clone()];
        Self { network, port, addresses }
    }
}

#[async_trait]
impl Listener for MemoryListener {
    fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    async fn serve(self: Box<Self>, app: Arc<dyn Dispatch>, stop: Shutdown) -> Result<()> {
        self.port.open(app);
        stop.fired().await;
        self.network.give_back(&self.port);
        self.port.drain();
        tokio::select! {
            biased;
            () = self.port.answered() => {}
            // They know it now; when they look is theirs.
            () = self.port.cancelled() => self.port.cancel_all(),
        }
        Ok(())
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.network.give_back(&self.port);
        self.port.close();
    }
}
