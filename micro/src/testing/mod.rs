//! [`Cluster`]: services in one process, for tests.

use std::sync::Arc;
use std::time::Duration;

use micro_core::{Client, Result};
use micro_registry::Memory as Registry;
use micro_transport::Memory as Network;

use crate::{Running, Service, Settings};

/// Services that find and call each other in one process: a registry and a network in memory, of this cluster alone.
/// Nothing is read from the environment, no port is opened, and two clusters never see each other.
///
/// ```
/// use micro::testing::Cluster;
/// use micro::{Result, Service, handler};
///
/// struct Echo;
///
/// #[handler]
/// impl Echo {
///     async fn say(&self, text: String) -> Result<String> {
///         Ok(text)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// let cluster = Cluster::new();
/// let echo = cluster.start(Service::new("echo").handle(Echo)).await?;
/// let answer: String = cluster.client().call(("echo", "Echo.Say"), "hello".to_owned()).await?;
/// assert_eq!(answer, "hello");
/// echo.stop().await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    registry: Arc<Registry>,
    network: Arc<Network>,
    client: Client,
}

impl Cluster {
    /// A cluster without services.
    ///
    /// # Panics
    /// When no codec is compiled in: enable feature `json`.
    #[must_use]
    pub fn new() -> Self {
        let registry = Arc::new(Registry::new());
        let network = Arc::new(Network::new());
        let client = joined(Service::new("test"), &registry, &network).build();
        match client {
            Ok(prepared) => Self { client: prepared.client(), registry, network },
            Err(error) => panic!("a cluster cannot be made: {error}"),
        }
    }

    /// The same service as a part of this cluster: its registry and transport are the cluster's, settings are empty,
    /// signals do not stop it, and its stop does not wait for those who have not heard of it.
    pub fn join(&self, service: Service) -> Service {
        joined(service, &self.registry, &self.network)
    }

    /// Starts a service in this cluster; when this returns it can be called. It ends with what is returned.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub async fn start(&self, service: Service) -> Result<Running> {
        let running = self.join(service).start().await?;
        running.registered().await;
        Ok(running)
    }

    /// A client in this cluster.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The registry of this cluster.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        self.registry.clone()
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new()
    }
}

fn joined(service: Service, registry: &Arc<Registry>, network: &Arc<Network>) -> Service {
    service
        .settings(Settings::empty())
        .registry(registry.clone())
        .transport(network.clone())
        .handle_signals(false)
        .lame_duck(Duration::ZERO)
}
