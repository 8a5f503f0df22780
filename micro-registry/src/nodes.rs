use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::{Event, Node, Removal, Service};

/// The nodes of one name as they were last told, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nodes {
    by_id: BTreeMap<String, Told>,
    /// Counts what was told, so that of two descriptions of one version the later one is known.
    count: u64,
}

/// What was told of one node.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Its service, without nodes.
    pub(crate) service: Arc<Service>,
    pub(crate) node: Node,
    order: u64,
}

impl Told {
    /// `service` is without nodes.
    pub(crate) fn new(service: Arc<Service>, node: Node) -> Self {
        Self { service, node, order: 0 }
    }

    /// Its service with this one node.
    pub(crate) fn record(&self) -> Service {
        Service::clone(&self.service).with_node(self.node.clone())
    }

    pub(crate) fn put(&self) -> Event {
        Event::Put(self.record())
    }

    pub(crate) fn removal(&self, why: Removal) -> Event {
        Event::Remove {
            service: self.service.name.clone(),
            version: self.service.version.clone(),
            node: self.node.clone(),
            why,
        }
    }

    /// Whether a watcher that knows `self` has nothing to learn from `other`.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.node == other.node
            && (Arc::ptr_eq(&self.service, &other.service) || self.service == other.service)
    }
}

impl Nodes {
    /// Learns of a node, and returns what was known of it before. `service` is without nodes.
    pub(crate) fn put(&mut self, service: Arc<Service>, node: Node) -> (Option<Told>, &Told) {
        self.count += 1;
        let told = Told { order: self.count, ..Told::new(service, node) };
        let id = told.node.id.clone();
        let before = self.by_id.remove(&id);
        (before, self.by_id.entry(id).or_insert(told))
    }

    /// Forgets a node.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Told> {
        self.by_id.remove(id)
    }

    /// Forgets a node, if it is of that version.
    pub(crate) fn remove_of(&mut self, id: &str, version: &str) -> Option<Told> {
        self.by_id.get(id).filter(|told| told.service.version == version)?;
        self.by_id.remove(id)
    }

    /// These and older ones: where both have a node, and where nodes of a version describe it differently, these count.
    pub(crate) fn with_older<'a>(&'a self, older: impl Iterator<Item = &'a Told>) -> Self {
        let mut all =
            Self { by_id: older.map(|told| (told.node.id.clone(), told.clone())).collect(), count: 0 };
        let newest = all.by_id.values().map(|told| told.order).max().unwrap_or_default();
        all.by_id.extend(self.by_id.iter().map(|(id, told)| {
            let order = newest + told.order;
            (id.clone(), Told { order, ..told.clone() })
        }));
        all.count = newest + self.count;
        all
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Told> {
        self.by_id.values()
    }

    /// The versions, sorted, each with its nodes, sorted by id. Where nodes of a version describe it differently, the
    /// last word counts.
    pub(crate) fn services(&self) -> Vec<Service> {
        let mut versions = HashMap::<&str, (&Told, Vec<Node>)>::new();
        for told in self.by_id.values() {
            let (last, nodes) = versions.entry(&told.service.version).or_insert_with(|| (told, Vec::new()));
            if told.order > last.order {
                *last = told;
            }
            nodes.push(told.node.clone());
        }
        let mut services = versions
            .into_values()
            .map(|(last, nodes)| Service { nodes, ..Service::clone(&last.service) })
            .collect::<Vec<_>>();
        services.sort_by(|a, b| a.version.cmp(&b.version));
        services
    }
}

/// A service without its nodes.
pub(crate) fn header(service: &Service) -> Arc<Service> {
    Arc::new(Service {
        name: service.name.clone(),
        version: service.version.clone(),
        metadata: service.metadata.clone(),
        endpoints: service.endpoints.clone(),
        nodes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use micro_core::Address;

    use super::*;
    use crate::Endpoint;

    fn node(id: &str) -> Node {
        Node::new(id, Address::new("127.0.0.1:1").unwrap())
    }

    #[test]
    fn versions_are_told_apart_and_the_last_description_counts() {
        let mut nodes = Nodes::default();
        let old = Service::new("s", "1");
        nodes.put(header(&old), node("b"));
        nodes.put(header(&Service::new("s", "2")), node("c"));
        nodes.put(header(&old.clone().with_endpoint(Endpoint::new("S.New"))), node("a"));
        let services = nodes.services();
        assert_eq!(services.iter().map(|s| &*s.version).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(services[0].nodes.iter().map(|n| &*n.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(services[0].endpoints[0].name, "S.New");
        nodes.put(header(&old), node("b"));
        assert!(nodes.services()[0].endpoints.is_empty());
    }

    #[test]
    fn a_node_is_there_once() {
        let mut nodes = Nodes::default();
        assert!(nodes.put(header(&Service::new("s", "1")), node("a")).0.is_none());
        let (before, now) = nodes.put(header(&Service::new("s", "2")), node("a"));
        assert!(!now.same(&before.unwrap()));
        assert_eq!(nodes.services().len(), 1);
        assert!(nodes.remove("a").is_some() && nodes.is_empty());
    }
}
