use std::collections::HashMap;
use std::sync::Arc;

use micro_core::{Address, Error, Pick, Result};
use micro_registry::Service;

use crate::draw::any;
use crate::group::Group;
use crate::rotation::Rotation;
use crate::{HealthOptions, Hint, Node};

/// The nodes of one service at one moment. [`Pick::index`] points in here.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Grows with each change.
    pub version: u64,
    /// The nodes.
    pub nodes: Vec<Arc<Node>>,
    pub(crate) rotation: Rotation,
}

impl Snapshot {
    /// These nodes.
    #[must_use]
    pub fn new(version: u64, nodes: Vec<Arc<Node>>) -> Self {
        let rotation = Rotation::new(&nodes);
        Self { version, nodes, rotation }
    }

    /// The nodes of all versions of a service, as a registry tells them.
    ///
    /// Of a node that `previous` has too, at the same address, all that is known of how it does stays known, even where
    /// its record has changed.
    #[must_use]
    pub fn from_services(previous: Option<&Self>, services: &[Service]) -> Self {
        Self::from_services_with(previous, services, &HealthOptions::default())
    }

    /// The same, with options of when nodes are ejected. They hold for as long as the service has nodes: those of
    /// `previous` keep theirs, and new ones join them.
    #[must_use]
    pub fn from_services_with(previous: Option<&Self>, services: &[Service], health: &HealthOptions) -> Self {
        let known = previous.map(|previous| &*previous.nodes).unwrap_or_default();
        let group = match known.first() {
            Some(node) => node.stats().group.clone(),
            None => Arc::new(Group::new(health.clone())),
        };
        let known = known.iter().map(|node| (&*node.record.id, node)).collect::<HashMap<_, _>>();
        let mut nodes = Vec::with_capacity(services.iter().map(|service| service.nodes.len()).sum());
        for service in services {
            let header = header(service, &known);
            for record in &service.nodes {
                let before = known.get(&*record.id).filter(|before| before.record.address == record.address);
                nodes.push(match before {
                    Some(before) if Arc::ptr_eq(&before.service, &header) && before.record == *record => {
                        (*before).clone()
                    }
                    Some(before) => Arc::new(before.with_record(header.clone(), record.clone())),
                    None => Arc::new(Node::of(group.clone(), header.clone(), record.clone())),
                });
            }
        }
        group.set(nodes.iter().map(|node| node.stats().clone()));
        Self::new(previous.map_or(1, |previous| previous.version + 1), nodes)
    }

    /// A list of addresses, of which nothing else is known: for calls that ask no registry.
    #[must_use]
    pub fn from_addresses(service: &str, addresses: &[Address]) -> Self {
        let mut service = Service::new(service, "");
        let record = |address: &Address| micro_registry::Node::new(address.as_str(), address.clone());
        service.nodes = addresses.iter().map(record).collect();
        Self::from_services(None, &[service])
    }

    /// The nodes that may be picked: those that all filters let pass and that do not rest, with their numbers. Those
    /// that earlier attempts of the call went to are not among them, unless there is no other; nor, of what is left,
    /// those where it would wait for others to end.
    pub fn candidates<'a>(&'a self, hint: &'a Hint<'_>) -> impl Iterator<Item = (u32, &'a Arc<Node>)> {
        let available = || self.passing(hint).filter(|(_, node)| node.is_available());
        let others = !hint.tried.is_empty() && available().any(|(_, node)| !hint.has_tried(node));
        let wanted = move || available().filter(move |(_, node)| !others || !hint.has_tried(node));
        let free = hint.busy.is_some() && wanted().any(|(index, _)| !hint.is_busy(index));
        wanted().filter(move |(index, _)| !free || !hint.is_busy(*index))
    }

    /// What to pick when no candidate can be claimed: one that is well after all, or else the node whose rest ends first,
    /// as trying it is better than to fail for certain.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when there is no node that the filters let
    /// pass.
    pub fn last_resort(&self, hint: &Hint<'_>) -> Result<Pick> {
        if let Some((index, node)) = any(self.candidates(hint).filter(|(_, node)| !node.is_due())) {
            return Ok(node.pick(index));
        }
        self.passing(hint)
            .min_by_key(|(_, node)| node.resting())
            .map(|(index, node)| node.pick(index))
            .ok_or_else(|| self.nothing(hint))
    }

    fn passing<'a>(&'a self, hint: &'a Hint<'_>) -> impl Iterator<Item = (u32, &'a Arc<Node>)> {
        (0..).zip(&self.nodes).filter(|(_, node)| hint.passes(node))
    }

    fn nothing(&self, hint: &Hint<'_>) -> Error {
        let detail = match self.nodes.first() {
            None => "there is no node to call".to_owned(),
            Some(node) => format!(
                "none of the {} nodes of service `{}` passes the filters {:?}",
                self.nodes.len(),
                node.service.name,
                hint.filters
            ),
        };
        Error::unavailable(detail).with_reason("NO_NODE").not_reached()
    }
}

/// The service without its nodes: the one that its nodes have already, where it is the same.
fn header(service: &Service, known: &HashMap<&str, &Arc<Node>>) -> Arc<Service> {
    let mut nodes = service.nodes.iter().filter_map(|node| known.get(&*node.id));
    if let Some(node) = nodes.find(|node| same(&node.service, service)) {
        return node.service.clone();
    }
    let mut header = Service::new(&*service.name, &*service.version);
    header.metadata.clone_from(&service.metadata);
    header.endpoints.clone_from(&service.endpoints);
    Arc::new(header)
}

fn same(a: &Service, b: &Service) -> bool {
    a.name == b.name && a.version == b.version && a.metadata == b.metadata && a.endpoints == b.endpoints
}

#[cfg(test)]
mod tests {
    use micro_core::{Code, Outcome};
    use micro_registry::Endpoint;

    use super::*;

    const REFUSED: Outcome = Outcome::Failed { code: Code::Unavailable, reached: false };

    fn record(id: &str, port: u16) -> micro_registry::Node {
        micro_registry::Node::new(id, Address::new(&format!("127.0.0.1:{port}")).unwrap())
    }

    #[test]
    fn what_is_known_of_a_node_survives_changes_but_not_a_move() {
        let service = Service::new("s", "1").with_node(record("a", 1)).with_node(record("b", 2));
        let first = Snapshot::from_services(None, std::slice::from_ref(&service));
        first.nodes[0].pick(0).done(REFUSED);
        let held = first.nodes[0].pick(0);

        let same = Snapshot::from_services(Some(&first), std::slice::from_ref(&service));
        assert!(same.version > first.version);
        assert!(Arc::ptr_eq(&first.nodes[0], &same.nodes[0]) && Arc::ptr_eq(&first.nodes[1], &same.nodes[1]));

        let mut changed = service.clone().with_endpoint(Endpoint::new("S.Call"));
        changed.nodes[0].metadata.insert("zone".to_owned(), "a".to_owned());
        let changed = Snapshot::from_services(Some(&same), &[changed]);
        assert_eq!(changed.nodes[0].record.metadata["zone"], "a");
        assert_eq!(changed.nodes[0].service.endpoints.len(), 1);
        assert!(Arc::ptr_eq(&changed.nodes[0].service, &changed.nodes[1].service));
        assert!(changed.nodes[0].resting().is_some());
        assert_eq!(changed.nodes[0].in_flight(), 1);
        drop(held);
        assert_eq!(changed.nodes[0].in_flight(), 0);

        let moved = Service::new("s", "1").with_node(record("a", 9));
        let moved = Snapshot::from_services(Some(&changed), &[moved]);
        assert!(moved.nodes[0].resting().is_none(), "what is there now is not what could not be reached");
    }

    #[test]
    fn versions_are_one_set_of_nodes() {
        let services = [
            Service::new("s", "1").with_node(record("a", 1)),
            Service::new("s", "2").with_node(record("b", 2)),
        ];
        let nodes = Snapshot::from_services(None, &services).nodes;
        assert_eq!(nodes.iter().map(|node| &*node.service.version).collect::<Vec<_>>(), ["1", "2"]);
        assert!(nodes.iter().all(|node| node.service.nodes.is_empty()));
    }
}
