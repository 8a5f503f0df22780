use std::time::Duration;

use tokio::time::Instant;

use super::suspects::Suspects;
use crate::nodes::{Nodes, Told, header};
use crate::{Event, Removal, Service};

/// What a cache knows of one name, as a function of what it was told, and when. It does nothing by itself.
#[derive(Debug)]
pub(super) struct Machine {
    name: String,
    known: Nodes,
    /// What a watch has told that is not synced yet. It replaces what is known when it is.
    incoming: Option<Nodes>,
    /// What was known and has gone, without having been deregistered.
    suspects: Suspects,
}

impl Machine {
    pub(super) fn new(name: &str, grace: Duration) -> Self {
        let (known, incoming) = (Nodes::default(), None);
        Self { name: name.to_owned(), known, incoming, suspects: Suspects::new(grace) }
    }

    /// A watch has begun: what it tells until it is synced is the whole truth.
    pub(super) fn begun(&mut self) {
        self.incoming = Some(Nodes::default());
    }

    /// A watch was lost. What it had told before it was synced is not the whole truth, and is forgotten.
    pub(super) fn lost(&mut self, now: Instant) {
        self.incoming = None;
        self.suspects.pause(now);
    }

    /// The watch has told something. Returns whether the view is another one now.
    pub(super) fn told(&mut self, event: Event, now: Instant) -> bool {
        match event {
            Event::Put(service) if service.name == self.name => {
                put(self.incoming.as_mut().unwrap_or(&mut self.known), service);
                self.suspects.settle(&self.known);
            }
            Event::Remove { service, version, node, why } if service == self.name => {
                self.removed(&node.id, &version, why, now);
            }
            Event::Synced => {
                if let Some(incoming) = self.incoming.take() {
                    self.replace(incoming, now);
                }
                return true;
            }
            _ => return false,
        }
        self.is_synced()
    }

    /// The registry was asked, and has answered this.
    pub(super) fn answered(&mut self, services: Vec<Service>, now: Instant) {
        let mut nodes = Nodes::default();
        for service in services {
            put(&mut nodes, service);
        }
        self.replace(nodes, now);
    }

    /// The time goes on. Returns whether the view is another one now.
    pub(super) fn expire(&mut self, now: Instant) -> bool {
        self.suspects.expire(&self.known, now)
    }

    /// When to [`expire`](Self::expire).
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.suspects.next_end()
    }

    pub(super) fn is_synced(&self) -> bool {
        self.incoming.is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty() && self.suspects() == 0
    }

    /// How many nodes are served though the registry does not have them any more.
    pub(super) fn suspects(&self) -> usize {
        self.suspects.served().count()
    }

    pub(super) fn services(&self) -> Vec<Service> {
        if self.suspects() == 0 {
            return self.known.services();
        }
        self.known.with_older(self.suspects.served()).services()
    }

    /// The node may have gone over to another version since.
    fn removed(&mut self, id: &str, version: &str, why: Removal, now: Instant) {
        if why == Removal::Deregistered {
            // It has said so itself: that counts, whatever else the watch tells before it is synced.
            self.suspects.remove_of(id, version);
            self.known.remove_of(id, version);
            self.suspects.settle(&self.known);
        }
        match &mut self.incoming {
            Some(incoming) => drop(incoming.remove_of(id, version)),
            None => {
                if let Some(told) = self.known.remove_of(id, version) {
                    self.suspects.add(vec![told], &self.known, now);
                }
            }
        }
    }

    fn replace(&mut self, nodes: Nodes, now: Instant) {
        self.suspects.resume(now);
        let before = std::mem::replace(&mut self.known, nodes);
        let gone: Vec<Told> =
            before.iter().filter(|told| !self.known.contains(&told.node.id)).cloned().collect();
        self.suspects.add(gone, &self.known, now);
    }
}

fn put(nodes: &mut Nodes, service: Service) {
    let header = header(&service);
    for node in service.nodes {
        nodes.put(header.clone(), node);
    }
}
