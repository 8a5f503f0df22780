use std::sync::{Arc, Mutex, PoisonError, RwLock};

use micro_core::{Name, NameMap};
use micro_registry::View;

use super::links::Links;
use super::nodes::Nodes;
use super::{REMEMBERED, read};

/// The services of a client by name: what the registry says of each, made ready for picking.
#[derive(Default)]
pub(super) struct Services {
    nodes: RwLock<NameMap<Arc<Nodes>>>,
    rebuilding: Mutex<()>,
}

impl Services {
    /// The nodes of a service, if they are those of the registry's last answer: one look for each call.
    pub(super) fn current(&self, name: Name<'_>) -> Option<Arc<Nodes>> {
        read(&self.nodes).get(name).filter(|nodes| nodes.are_current()).cloned()
    }

    /// The nodes of a view. They are made once for each view, and remember what was known of those that stay.
    pub(super) fn nodes(&self, name: Name<'_>, view: &Arc<View>, links: &Links) -> Arc<Nodes> {
        let known = || read(&self.nodes).get(name).cloned();
        if let Some(nodes) = known().filter(|known| known.are_of(view)) {
            return nodes;
        }
        let _one = self.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
        // The one who held the lock before may have done it.
        let before = known();
        if let Some(nodes) = before.as_ref().filter(|known| known.are_of(view)) {
            return nodes.clone();
        }
        let nodes = Arc::new(Nodes::of_view(view, before.as_deref(), links));
        let mut all = self.nodes.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED && !all.contains(name) {
            all.clear();
        }
        all.insert(name.as_str(), nodes.clone());
        nodes
    }
}
