use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use crate::Node;

/// Which nodes may be picked.
#[derive(Clone)]
pub struct Filter(Kind);

#[derive(Clone)]
enum Kind {
    Version(Arc<str>),
    Label(Arc<str>, Arc<str>),
    Endpoint(Arc<str>),
    Custom(Arc<dyn Fn(&Node) -> bool + Send + Sync>),
}

impl Filter {
    /// Nodes of this version of their service.
    #[must_use]
    pub fn version(version: &str) -> Self {
        Self(Kind::Version(version.into()))
    }

    /// Nodes whose metadata has this value under this key.
    #[must_use]
    pub fn label(key: &str, value: &str) -> Self {
        Self(Kind::Label(key.into(), value.into()))
    }

    /// Nodes whose service has this endpoint.
    #[must_use]
    pub fn endpoint(name: &str) -> Self {
        Self(Kind::Endpoint(name.into()))
    }

    /// Nodes that `passes` says yes to. It runs for each node and call, so it should be quick.
    #[must_use]
    pub fn custom(passes: impl Fn(&Node) -> bool + Send + Sync + 'static) -> Self {
        Self(Kind::Custom(Arc::new(passes)))
    }

    /// Whether a node may be picked.
    #[must_use]
    pub fn passes(&self, node: &Node) -> bool {
        match &self.0 {
            Kind::Version(version) => *node.service.version == **version,
            Kind::Label(key, value) => node.record.metadata.get(&**key).is_some_and(|has| **has == **value),
            Kind::Endpoint(name) => node.service.endpoints.iter().any(|endpoint| *endpoint.name == **name),
            Kind::Custom(passes) => passes(node),
        }
    }
}

impl Debug for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Version(version) => write!(f, "version {version}"),
            Kind::Label(key, value) => write!(f, "label {key}={value}"),
            Kind::Endpoint(name) => write!(f, "endpoint {name}"),
            Kind::Custom(_) => f.write_str("custom"),
        }
    }
}
