use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use micro_core::Address;
use micro_registry::{Describe, Registry};
use micro_selector::{HealthOptions, Selector};
use micro_transport::{DialOptions, ListenOptions, Transport};

use crate::Settings;

/// What a registry is made of.
#[derive(Clone)]
#[non_exhaustive]
pub struct RegistryParts {
    /// What the operator decides.
    pub settings: Settings,
    /// Asks a node for its whole record, where the registry has not room for it.
    pub describe: Arc<dyn Describe>,
}

/// What a client is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientParts {
    /// What the operator decides.
    pub settings: Settings,
    /// Where services are found.
    pub registry: Arc<dyn Registry>,
    /// What carries the calls.
    pub transport: Arc<dyn Transport>,
    /// What picks a node, unless a call says otherwise.
    pub selector: Arc<dyn Selector>,
    /// How nodes are dialled.
    pub dial: DialOptions,
    /// When nodes that fail are left alone, and for how long.
    pub health: HealthOptions,
}

/// What a server is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerParts {
    /// What the operator decides.
    pub settings: Settings,
    /// What carries the calls.
    pub transport: Arc<dyn Transport>,
    /// Where it listens.
    pub address: Address,
    /// The limits of what comes in.
    pub listen: ListenOptions,
}

impl RegistryParts {
    pub(crate) fn new(settings: Settings, describe: Arc<dyn Describe>) -> Self {
        Self { settings, describe }
    }
}

impl ClientParts {
    pub(crate) fn new(
        settings: Settings,
        registry: Arc<dyn Registry>,
        transport: Arc<dyn Transport>,
        selector: Arc<dyn Selector>,
        dial: DialOptions,
        health: HealthOptions,
    ) -> Self {
        Self { settings, registry, transport, selector, dial, health }
    }
}

impl ServerParts {
    pub(crate) fn new(
        settings: Settings,
        transport: Arc<dyn Transport>,
        address: Address,
        listen: ListenOptions,
    ) -> Self {
        Self { settings, transport, address, listen }
    }
}

impl Debug for RegistryParts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryParts").field("settings", &self.settings).finish_non_exhaustive()
    }
}
