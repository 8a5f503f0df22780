use crate::nodes::{Nodes, header};
use crate::{Event, Service};

/// What a cache knows of one name, as a function of what it was told. It does nothing by itself.
#[derive(Debug)]
pub(super) struct Machine {
    name: String,
    known: Nodes,
    /// What a watch has told that is not synced yet. It replaces what is known when it is.
    incoming: Option<Nodes>,
}

impl Machine {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), known: Nodes::default(), incoming: None }
    }

    /// A watch has begun: what it tells until it is synced is the whole truth.
    pub(super) fn begun(&mut self) {
        self.incoming = Some(Nodes::default());
    }

    /// A watch was lost. What it had told before it was synced is not the whole truth, and is forgotten.
    pub(super) fn lost(&mut self) {
        self.incoming = None;
    }

    /// The watch has told something. Returns whether the view is another one now.
    pub(super) fn told(&mut self, event: Event) -> bool {
        let nodes = self.incoming.as_mut().unwrap_or(&mut self.known);
        match event {
            Event::Put(service) if service.name == self.name => {
                let header = header(&service);
                for node in service.nodes {
                    nodes.put(header.clone(), node);
                }
            }
            Event::Remove { service, version, node } if service == self.name => {
                // The node may have gone over to another version since.
                nodes.remove_of(&node.id, &version);
            }
            Event::Synced => {
                if let Some(incoming) = self.incoming.take() {
                    self.known = incoming;
                }
                return true;
            }
            _ => return false,
        }
        self.is_synced()
    }

    /// The registry was asked, and has answered this.
    pub(super) fn answered(&mut self, services: Vec<Service>) {
        self.known = Nodes::default();
        for service in services {
            let header = header(&service);
            for node in service.nodes {
                self.known.put(header.clone(), node);
            }
        }
    }

    pub(super) fn is_synced(&self) -> bool {
        self.incoming.is_none()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub(super) fn services(&self) -> Vec<Service> {
        self.known.services()
    }
}
