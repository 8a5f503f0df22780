use std::sync::Arc;
use std::time::Duration;

use micro_core::{Error, Result};

use crate::nodes::{Told, header};
use crate::{Node, Service};

/// What one node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announcement {
    /// Its service, without nodes.
    pub(super) service: Arc<Service>,
    /// The node.
    pub(super) node: Node,
    /// How long it lasts unless it is made again.
    pub(super) ttl: Duration,
    /// Differs with each registration: the sign of life.
    pub(super) revision: u64,
    /// The fingerprint of the endpoints, when these did not fit and `service` has none.
    pub(super) more: Option<u64>,
}

/// The bytes of a name, a version or an id. A record holds little more.
const MAX_NAME: usize = 512;

impl Announcement {
    /// The announcements of the nodes of `service`.
    pub(super) fn all(service: &Service, ttl: Duration, revision: u64) -> Vec<Self> {
        let header = header(service);
        let one =
            |node: &Node| Self { service: header.clone(), node: node.clone(), ttl, revision, more: None };
        service.nodes.iter().map(one).collect()
    }

    /// What is wrong with the names in it, whoever made it.
    pub(super) fn check(&self) -> Result<()> {
        let names = [
            ("the name of the service", &self.service.name, true),
            ("the version of the service", &self.service.version, false),
            ("the id of the node", &self.node.id, true),
        ];
        for (what, name, needed) in names {
            let fault = if name.len() > MAX_NAME {
                format!("has {} bytes, and mDNS has room for {MAX_NAME}", name.len())
            } else if name.chars().any(char::is_control) {
                "has a control character".to_owned()
            } else if needed && name.is_empty() {
                "is empty".to_owned()
            } else {
                continue;
            };
            return Err(Error::invalid_argument(format!("{what} {fault}")));
        }
        if self.ttl.is_zero() {
            return Err(Error::invalid_argument(
                "mDNS needs a TTL: without one, a node whose process died would stay for ever",
            ));
        }
        Ok(())
    }

    pub(super) fn told(&self) -> Told {
        Told::new(self.service.clone(), self.node.clone())
    }

    /// Whether both say the same, whenever and for however long they say it.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        self.service == other.service && self.node == other.node && self.more == other.more
    }
}
