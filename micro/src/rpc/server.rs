use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Address, Listener, Result, Server};
use micro_transport::{ListenOptions, Transport};

use crate::plugins::ServerParts;

/// The default server: it listens by its transport.
#[derive(Clone, Debug)]
pub struct RpcServer {
    transport: Arc<dyn Transport>,
    address: Address,
    listen: ListenOptions,
}

impl RpcServer {
    /// A server of these parts.
    #[must_use]
    pub fn new(parts: &ServerParts) -> Self {
        Self::at(parts.transport.clone(), parts.address.clone(), parts.listen.clone())
    }

    /// A server that listens there, over that transport, with these limits.
    #[must_use]
    pub fn at(transport: Arc<dyn Transport>, address: Address, listen: ListenOptions) -> Self {
        Self { transport, address, listen }
    }
}

#[async_trait]
impl Server for RpcServer {
    fn name(&self) -> &'static str {
        "rpc"
    }

    async fn bind(&self) -> Result<Box<dyn Listener>> {
        self.transport.listen(&self.address, &self.listen).await
    }
}
