use std::collections::BTreeMap;

use micro::registry::{Event, Registry, Service};
use micro::{Code, Error, Result};

/// What a registry knows at a moment.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeMap<String, Vec<Service>>);

impl Known {
    pub(super) async fn of(registry: &dyn Registry) -> Result<Self> {
        let mut known = BTreeMap::new();
        for name in registry.list().await? {
            match registry.get(&name).await {
                Ok(services) => drop(known.insert(name, services)),
                // It left between the two questions.
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self(known))
    }

    pub(super) fn list(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    pub(super) fn get(&self, name: &str) -> Result<Vec<Service>> {
        let unknown = || Error::not_found(format!("service `{name}` is not known")).not_reached();
        self.0.get(name).cloned().ok_or_else(unknown)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.0.values().flatten()
    }

    /// What a watch of a name, or of all, begins with.
    pub(super) fn events(&self, name: Option<&str>) -> Vec<Event> {
        let mut events = Vec::new();
        for service in self.services().filter(|service| name.is_none_or(|name| service.name == name)) {
            for node in &service.nodes {
                let mut one = service.clone();
                one.nodes = vec![node.clone()];
                events.push(Event::Put(one));
            }
        }
        events.push(Event::Synced);
        events
    }
}
