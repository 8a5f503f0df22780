//! mDNS on the loopback interface, in several processes where that matters.

use std::sync::Arc;

use async_trait::async_trait;
use micro_core::{Error, Result};
use micro_registry::conformance::Promises;
use micro_registry::{Describe, Mdns, MdnsOptions, Node, RegisterOptions, Registry, Service, Watch};

fn on_loopback() -> MdnsOptions {
    MdnsOptions::default().with_interfaces(["lo"])
}

/// A registry that is used by a test, and by the other registry to describe its nodes.
#[derive(Clone, Debug)]
struct Here(Arc<Mdns>);

#[async_trait]
impl Registry for Here {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn place(&self) -> String {
        self.0.place()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.0.register(service, options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.0.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        self.0.get(name).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.0.list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        self.0.watch(name).await
    }
}

/// What a node would answer: the record that it registered.
#[async_trait]
impl Describe for Here {
    async fn describe(&self, node: &Node, service: &str) -> Result<Service> {
        let versions = self.0.get(service).await?;
        let version = versions.into_iter().find(|version| version.nodes.iter().any(|one| one.id == node.id));
        version.ok_or_else(|| Error::not_found("the node has left"))
    }
}

fn pair() -> (Here, Mdns) {
    let here = Here(Arc::new(Mdns::new(on_loopback()).unwrap()));
    let there = Mdns::new(on_loopback().with_describe(Arc::new(here.clone()))).unwrap();
    (here, there)
}

fn promises() -> Promises {
    // The tests run side by side, on one interface where all hear all.
    Promises::all().expiry(std::time::Duration::from_secs(1)).settled(std::time::Duration::from_secs(10))
}

micro_registry::conformance_tests!(conformance, promises(), async { pair() });

micro_registry::conformance_tests!(conformance_alone, promises(), async {
    Mdns::new(on_loopback()).unwrap()
});
