use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use micro_core::{Feedback, Outcome, Pick};
use micro_registry::Service;

/// A node that calls can be sent to, and what is known of how it does. It outlives the snapshots that it is in.
pub struct Node {
    /// Its service's name and version, and the endpoints that it has; without nodes.
    pub service: Arc<Service>,
    /// Its own record.
    pub record: micro_registry::Node,
    in_flight: AtomicU32,
}

impl Node {
    /// A node of a service, about which nothing is known yet.
    #[must_use]
    pub fn new(service: Arc<Service>, record: micro_registry::Node) -> Self {
        Self { service, record, in_flight: AtomicU32::new(0) }
    }

    /// How many calls it has that are not answered.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The choice of this node, number `index` of its snapshot, for one call.
    pub fn pick(self: &Arc<Self>, index: u32) -> Pick {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Pick::new(index, self.clone(), 0)
    }
}

impl Feedback for Node {
    fn done(&self, _: u64, _: Outcome) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Debug for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.record.id)
            .field("address", &self.record.address)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

/// The nodes of one service at one moment. [`Pick::index`] points in here.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Grows with each change.
    pub version: u64,
    /// The nodes.
    pub nodes: Vec<Arc<Node>>,
}
