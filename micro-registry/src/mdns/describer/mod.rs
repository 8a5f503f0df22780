use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio::time::{Instant, timeout};

use super::announcement::Announcement;
use super::lock;
use crate::nodes::Nodes;
use crate::{Describe, Endpoint, Service};

/// How long a node has to describe itself.
const LIMIT: Duration = Duration::from_secs(3);

/// How long a node that could not be asked is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// How many nodes are asked at the same time.
const AT_ONCE: usize = 4;

/// How many descriptions are remembered.
const MEMORY: usize = 1_000;

/// Knows the endpoints that did not fit into announcements: asks one of the nodes that have them, once.
#[derive(Debug)]
pub(super) struct Describer {
    describe: Option<Arc<dyn Describe>>,
    /// By name, version, and fingerprint of the endpoints.
    known: Mutex<HashMap<(String, String, u64), Arc<Description>>>,
    asking: Semaphore,
}

/// The endpoints of one version.
#[derive(Debug, Default)]
struct Description {
    endpoints: OnceLock<Vec<Endpoint>>,
    /// The nodes that could not be asked, and when. Held while one is asked, so that others wait for the answer.
    failed: AsyncMutex<HashMap<String, Instant>>,
}

impl Describer {
    pub(super) fn new(describe: Option<Arc<dyn Describe>>) -> Self {
        Self { describe, known: Mutex::default(), asking: Semaphore::new(AT_ONCE) }
    }

    /// Whether there is something to ask for, and somebody to ask.
    pub(super) fn can_ask(&self, announcement: &Announcement) -> bool {
        announcement.more.is_some() && self.describe.is_some()
    }

    /// The announcement with its endpoints, if they are known.
    pub(super) fn known(&self, announcement: &Announcement) -> Option<Announcement> {
        let description = self.description(announcement)?;
        Some(complete(announcement, description.endpoints.get()?))
    }

    /// The announcement with its endpoints, asked of the node where need be; `None` when they cannot be learnt now.
    pub(super) async fn ask(&self, announcement: &Announcement) -> Option<Announcement> {
        let describe = self.describe.as_ref()?;
        let description = self.description(announcement)?;
        let mut failed = description.failed.lock().await;
        if let Some(endpoints) = description.endpoints.get() {
            return Some(complete(announcement, endpoints));
        }
        let node = &announcement.node;
        failed.retain(|_, at| at.elapsed() < PAUSE);
        if failed.contains_key(&node.id) {
            return None;
        }
        let _permit = self.asking.acquire().await.ok()?;
        let asked = timeout(LIMIT, describe.describe(node, &announcement.service.name)).await;
        let why = match asked {
            Ok(Ok(found)) if is_version(&found, announcement) => {
                let endpoints = description.endpoints.get_or_init(|| found.endpoints);
                return Some(complete(announcement, endpoints));
            }
            Ok(Ok(found)) => format!("it runs `{}` {}", found.name, found.version),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {LIMIT:?}"),
        };
        tracing::debug!(node = node.id, why, "mDNS: the node does not tell its endpoints");
        failed.insert(node.id.clone(), Instant::now());
        None
    }

    /// The versions of a service, with the endpoints that can be learnt.
    pub(super) async fn versions(&self, found: Vec<Announcement>) -> Vec<Service> {
        let mut nodes = Nodes::default();
        for announcement in found {
            let announcement = match self.known(&announcement) {
                Some(complete) => complete,
                None => self.ask(&announcement).await.unwrap_or(announcement),
            };
            nodes.put(announcement.service, announcement.node);
        }
        nodes.services()
    }

    fn description(&self, announcement: &Announcement) -> Option<Arc<Description>> {
        let service = &announcement.service;
        let key = (service.name.clone(), service.version.clone(), announcement.more?);
        let mut known = lock(&self.known);
        if known.len() >= MEMORY && !known.contains_key(&key) {
            // Those in use are found again by asking again.
            known.clear();
        }
        Some(known.entry(key).or_default().clone())
    }
}

fn is_version(found: &Service, announcement: &Announcement) -> bool {
    found.name == announcement.service.name && found.version == announcement.service.version
}

fn complete(announcement: &Announcement, endpoints: &[Endpoint]) -> Announcement {
    let service = Service { endpoints: endpoints.to_vec(), ..Service::clone(&announcement.service) };
    Announcement { service: service.into(), ..announcement.clone() }
}

#[cfg(test)]
mod tests;
