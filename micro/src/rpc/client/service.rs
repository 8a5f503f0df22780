use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use micro_registry::View;

use super::links::Links;
use super::nodes::Nodes;

/// A service by name: what the registry says of it, made ready for picking.
#[derive(Default)]
pub(super) struct Service {
    nodes: ArcSwapOption<Nodes>,
    rebuilding: Mutex<()>,
}

impl Service {
    /// The nodes of a view. They are made once for each view, and remember what was known of those that stay.
    pub(super) fn nodes(&self, view: &Arc<View>, links: &Links) -> Arc<Nodes> {
        let made = |known: &Option<Arc<Nodes>>| known.as_ref().filter(|known| known.are_of(view)).cloned();
        if let Some(nodes) = made(&self.nodes.load()) {
            return nodes;
        }
        let _one = self.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
        // The one who held the lock before may have done it.
        let known = self.nodes.load_full();
        if let Some(nodes) = made(&known) {
            return nodes;
        }
        let nodes = Arc::new(Nodes::of_view(view, known.as_deref(), links));
        self.nodes.store(Some(nodes.clone()));
        nodes
    }
}
