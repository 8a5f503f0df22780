use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Client, Dispatch, Result, Server, Shutdown};
use micro_registry::{Registry, Service as Record};

use super::Service;
use super::hooks::Hooks;
use super::running::{self, Running};
use crate::debug::Stats;
use crate::readiness::Readiness;
use crate::{Settings, defaults};

/// A service whose parts are made, and which has not started: its client works.
#[must_use = "a service does nothing until it is run"]
pub struct Prepared {
    pub(super) identity: Identity,
    pub(super) record: Record,
    pub(super) facts: BTreeMap<String, String>,
    pub(super) app: Arc<dyn Dispatch>,
    pub(super) server: Arc<dyn Server>,
    pub(super) transport: &'static str,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) client: Client,
    pub(super) readiness: Readiness,
    pub(super) lifetime: Lifetime,
    pub(super) hooks: Hooks,
    /// What handlers and the server are told when the drain begins.
    pub(super) stopping: Shutdown,
    /// What those are told who wait for their turn when the drain is over, and then the server.
    pub(super) close: Shutdown,
    pub(super) cancel: Shutdown,
    pub(super) stats: Stats,
}

/// Who a service is.
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) version: String,
    /// What comes after the name in the node's id.
    pub(super) id: String,
    pub(super) advertise: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// How long things last.
pub(super) struct Lifetime {
    pub(super) ttl: Duration,
    pub(super) interval: Duration,
    pub(super) lame_duck: Duration,
    pub(super) drain: Duration,
    pub(super) signals: bool,
    pub(super) stop: Shutdown,
}

impl Identity {
    pub(super) fn new(service: &mut Service, settings: &Settings) -> Self {
        // An operator may rename a service that is deployed twice; what else the code says is final.
        let name = settings.server_name.clone().unwrap_or_else(|| std::mem::take(&mut service.name));
        let mut metadata = settings.server_metadata.clone();
        metadata.append(&mut service.metadata);
        Self {
            name,
            version: service
                .version
                .take()
                .or_else(|| settings.server_version.clone())
                .unwrap_or_else(|| defaults::VERSION.to_owned()),
            id: service.id.take().or_else(|| settings.server_id.clone()).unwrap_or_else(uuid),
            advertise: service.advertise.take().or_else(|| settings.server_advertise.clone()),
            metadata,
        }
    }
}

/// A random UUID (version 4, RFC 9562).
fn uuid() -> String {
    let random = fastrand::u128(..);
    let random = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{random:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

impl Prepared {
    /// The name of the service.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.identity.name
    }

    /// The service's client. It works whether or not the service is started.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The registry that it finds others in.
    #[must_use]
    pub fn registry(&self) -> Arc<dyn Registry> {
        self.registry.clone()
    }

    /// Starts the service: it listens and answers when this returns, and is being registered.
    ///
    /// # Errors
    /// What a `before_start` or `after_start` hook failed with, and
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the address cannot be had.
    pub async fn start(self) -> Result<Running> {
        running::start(self).await
    }

    /// Runs the service until it is told to stop; see [`Service::run`]. Told so while it starts, it ends what it has
    /// begun, in order.
    ///
    /// # Errors
    /// As [`start`](Self::start), and what the server ends with by itself.
    pub async fn run(self) -> Result<()> {
        running::run(self).await
    }
}

impl Debug for Prepared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared")
            .field("name", &self.identity.name)
            .field("version", &self.identity.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_says_its_version() {
        let uuid = super::uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
        assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
        assert_ne!(uuid, super::uuid());
    }
}
