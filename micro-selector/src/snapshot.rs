use std::collections::HashMap;
use std::sync::Arc;

use micro_core::{Address, Error, Pick, Result};
use micro_registry::Service;

use crate::{Hint, Node};

/// The nodes of one service at one moment. [`Pick::index`] points in here.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Grows with each change.
    pub version: u64,
    /// The nodes.
    pub nodes: Vec<Arc<Node>>,
}

impl Snapshot {
    /// The nodes of all versions of a service, as a registry tells them.
    ///
    /// Of a node that `previous` has too, at the same address, all that is known of how it does stays known, even where
    /// its record has changed.
    #[must_use]
    pub fn from_services(previous: Option<&Self>, services: &[Service]) -> Self {
        let known = previous.map(|previous| &*previous.nodes).unwrap_or_default();
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
                    None => Arc::new(Node::new(header.clone(), record.clone())),
                });
            }
        }
        Self { version: previous.map_or(1, |previous| previous.version + 1), nodes }
    }

    /// A list of addresses, of which nothing else is known: for calls that ask no registry.
    #[must_use]
    pub fn from_addresses(service: &str, addresses: &[Address]) -> Self {
        let header = Arc::new(Service::new(service, ""));
        let record = |address: &Address| micro_registry::Node::new(address.as_str(), address.clone());
        let nodes =
            addresses.iter().map(|address| Arc::new(Node::new(header.clone(), record(address)))).collect();
        Self { version: 1, nodes }
    }

    /// The nodes that may be picked: those that all filters let pass and that do not rest, with their numbers.
    pub fn candidates<'a>(&'a self, hint: &'a Hint<'_>) -> impl Iterator<Item = (u32, &'a Arc<Node>)> {
        self.passing(hint).filter(|(_, node)| node.is_available())
    }

    /// What to pick when there is no candidate: the node whose rest ends first, as trying it is better than to fail for
    /// certain.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when there is no node that the filters let
    /// pass.
    pub fn last_resort(&self, hint: &Hint<'_>) -> Result<Pick> {
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
