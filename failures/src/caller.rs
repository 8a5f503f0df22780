//! The caller of all rows: a client with default settings, which finds services by mDNS on loopback.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use micro::registry::Registry;
use micro::{Client, Error, Prepared, Result, Service, Settings};
use tokio::time::{Instant, sleep};

use crate::desk::{Ask, Done};

/// How long may pass until a service is known after its start.
const FOUND: Duration = Duration::from_secs(15);

/// Settings that look for services on that interface, and no others.
pub(crate) fn on(interface: &str) -> Settings {
    let mut settings = Settings::empty();
    settings.registry_address = vec![interface.to_owned()];
    settings
}

/// Makes calls.
pub(crate) struct Caller {
    prepared: Prepared,
    pub(crate) client: Client,
}

impl Caller {
    pub(crate) fn new() -> Result<Self> {
        Self::with(|service| service)
    }

    /// One whose service is changed a little.
    pub(crate) fn with(change: impl FnOnce(Service) -> Service) -> Result<Self> {
        let prepared = change(Service::new("caller").settings(on("lo"))).build()?;
        let client = prepared.client();
        Ok(Self { prepared, client })
    }

    /// The registry that it finds others in.
    pub(crate) fn registry(&self) -> Arc<dyn Registry> {
        self.prepared.registry()
    }

    /// Waits until the registry knows that many nodes.
    pub(crate) async fn finds(&self, service: &str, nodes: usize) -> Result<()> {
        let registry = self.registry();
        let limit = Instant::now() + FOUND;
        loop {
            let known = registry.get(service).await.unwrap_or_default();
            let known: usize = known.iter().map(|service| service.nodes.len()).sum();
            if known == nodes {
                return Ok(());
            }
            if Instant::now() > limit {
                return Err(Error::unavailable(format!(
                    "{known} of {nodes} nodes of {service} are registered"
                )));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Calls an endpoint of the desk with the number of the call; the answer is the node's id.
    pub(crate) fn ask(&self, endpoint: &'static str) -> impl FnMut(u64) -> BoxedAnswer + use<> {
        ask(self.client.clone(), endpoint)
    }
}

pub(crate) type BoxedAnswer = std::pin::Pin<Box<dyn Future<Output = Result<Option<String>>> + Send>>;

/// Calls an endpoint of the desk through a handle.
pub(crate) fn ask(client: Client, endpoint: &'static str) -> impl FnMut(u64) -> BoxedAnswer {
    ask_all(client, &["desk"], endpoint)
}

/// Calls an endpoint of several desks in turn.
pub(crate) fn ask_all(
    client: Client,
    desks: &'static [&'static str],
    endpoint: &'static str,
) -> impl FnMut(u64) -> BoxedAnswer {
    move |number| {
        let client = client.clone();
        let desk = desks[number as usize % desks.len()];
        Box::pin(async move {
            let done: Done = client.call((desk, endpoint), Ask { number }).await?;
            Ok(Some(done.node))
        })
    }
}
