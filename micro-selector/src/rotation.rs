use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Node;

/// The order in which the nodes of a snapshot have their turns, and whose is next: what a round costs is paid once, when
/// the snapshot is made.
#[derive(Debug, Default)]
pub(crate) struct Rotation {
    order: Box<[u32]>,
    next: AtomicUsize,
    /// The number of the last turn of any node.
    last: AtomicU64,
}

impl Rotation {
    /// Those first whose last turn was longest ago; of several that waited equally long chance decides.
    pub(crate) fn new(nodes: &[Arc<Node>]) -> Self {
        let mut order = (0..).zip(nodes).map(|(index, _)| index).collect::<Box<[u32]>>();
        fastrand::shuffle(&mut order);
        order.sort_by_key(|index| nodes[*index as usize].turn());
        let last = nodes.iter().map(|node| node.turn()).max().unwrap_or(0);
        Self { order, next: AtomicUsize::new(0), last: AtomicU64::new(last) }
    }

    /// How many turns a round has.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The number of the node whose turn it is.
    pub(crate) fn next(&self) -> Option<u32> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.order.get(turn.checked_rem(self.order.len())?).copied()
    }

    /// A number for a turn: greater than all there are.
    pub(crate) fn number(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }
}
