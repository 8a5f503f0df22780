use std::sync::Arc;

use micro_core::{Address, Error, Head, Pick};
use micro_registry::{Node, Service, View};
use micro_selector::Snapshot;

use super::links::{Link, Links};
use crate::record;

/// The nodes of a service at one moment, and the link to each.
pub(super) struct Nodes {
    snapshot: Snapshot,
    /// Beside the snapshot's nodes.
    links: Vec<Arc<Link>>,
    /// Why nodes that the registry has are not among these.
    left_out: Vec<String>,
    /// The registry's answer that these are of; none for addresses.
    view: Option<Arc<View>>,
}

impl Nodes {
    /// Those of a registry's answer that this client can call; what is known of nodes that stay is kept.
    pub(super) fn of_view(view: &Arc<View>, before: Option<&Self>, links: &Links) -> Self {
        let mut left_out = Vec::new();
        let mut services = view.services.clone();
        for service in &mut services {
            service.nodes.retain(|node| match unspoken(node, links.transport_name()) {
                Some(why) => {
                    left_out.push(format!("{}: {why}", node.id));
                    false
                }
                None => true,
            });
        }
        let before = before.map(|before| &before.snapshot);
        let mut snapshot = Snapshot::from_services_with(before, &services, links.health());
        snapshot.version = view.version;
        Self { view: Some(view.clone()), ..Self::new(snapshot, left_out, links, record::protocols) }
    }

    /// Nodes of which nothing but the address is known.
    pub(super) fn of_addresses(addresses: &[Address], links: &Links) -> Self {
        let mut service = Service::new("", "");
        service.nodes =
            addresses.iter().map(|address| Node::new(address.as_str(), address.clone())).collect();
        Self::new(Snapshot::from_services_with(None, &[service], links.health()), Vec::new(), links, |_| {
            Vec::new()
        })
    }

    fn new(
        snapshot: Snapshot,
        left_out: Vec<String>,
        links: &Links,
        protocols: impl Fn(&Node) -> Vec<String>,
    ) -> Self {
        let to = |node: &Node| links.to(node, protocols(node));
        let links = snapshot.nodes.iter().map(|node| to(&node.record)).collect();
        Self { snapshot, links, left_out, view: None }
    }

    pub(super) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Whether the registry's answer that these are of is its last one.
    pub(super) fn are_current(&self) -> bool {
        self.view.as_ref().is_some_and(|view| view.is_current())
    }

    /// Whether these are the nodes of exactly this answer.
    pub(super) fn are_of(&self, view: &Arc<View>) -> bool {
        self.view.as_ref().is_some_and(|of| Arc::ptr_eq(of, view))
    }

    /// The version of the answer that these are of.
    pub(super) fn version(&self) -> u64 {
        self.view.as_ref().map_or(0, |view| view.version)
    }

    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn link(&self, pick: &Pick) -> Option<&Arc<Link>> {
        self.links.get(pick.index())
    }

    /// Whether a call would wait for others to end at the node of this number.
    pub(super) fn is_busy(&self, index: u32) -> bool {
        self.links.get(index as usize).is_some_and(|link| link.is_busy())
    }

    /// Says why there is no node to call, where that is not what the selector knows.
    pub(super) fn why_none(&self, error: Error, head: &Head) -> Error {
        if self.left_out.is_empty() {
            return error;
        }
        let mut why = self.left_out.iter().take(3).map(String::as_str).collect::<Vec<_>>().join("; ");
        if self.left_out.len() > 3 {
            why.push_str(&format!("; and {} more", self.left_out.len() - 3));
        }
        let detail = format!("service `{}` has no node that can be called ({why})", head.route.service());
        error.with_detail(detail)
    }
}

/// Why a node cannot be called over this transport, if it cannot. One that does not say is taken at its word.
fn unspoken(node: &Node, transport: &str) -> Option<String> {
    let fact = |key: &str| node.metadata.get(key).map(String::as_str).filter(|value| !value.is_empty());
    if let Some(theirs) = fact("transport")
        && theirs != transport
    {
        return Some(format!("its transport is `{theirs}`, ours is `{transport}`"));
    }
    match fact("protocol") {
        None | Some("mucp") => None,
        Some(theirs) => Some(format!("it speaks `{theirs}`, which is not compiled in")),
    }
}
