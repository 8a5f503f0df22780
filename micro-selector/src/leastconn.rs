use micro_core::{Pick, Result};

use crate::random::any;
use crate::{Hint, Selector, Snapshot};

/// Picks the node with the fewest calls under way from this client; among those with equally few, any.
///
/// It looks at all nodes. A slow node gets fewer calls, as its calls last longer. One that fails fast looks idle, which
/// is why nodes that cannot be reached rest.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LeastConn;

impl LeastConn {
    /// The selector `leastconn`.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Selector for LeastConn {
    fn name(&self) -> &'static str {
        "leastconn"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        let fewest = nodes.candidates(hint).map(|(_, node)| node.in_flight()).min();
        // Calls begin and end meanwhile: without any that has so few now, any will do.
        let idle = fewest
            .and_then(|fewest| any(nodes.candidates(hint).filter(|(_, node)| node.in_flight() <= fewest)));
        idle.or_else(|| any(nodes.candidates(hint)))
            .and_then(|(index, node)| node.claim(index))
            .map_or_else(|| nodes.last_resort(hint), Ok)
    }
}

#[cfg(test)]
mod tests {
    use micro_core::Address;

    use super::*;

    #[test]
    fn calls_go_where_the_fewest_are() {
        let addresses = [1, 2, 3].map(|port| Address::new(&format!("127.0.0.1:{port}")).unwrap());
        let nodes = Snapshot::from_addresses("s", &addresses);
        let busy = (0..5).map(|_| nodes.nodes[1].pick(1)).collect::<Vec<_>>();
        let picks =
            (0..10).map(|_| LeastConn::new().pick(&nodes, &Hint::default()).unwrap()).collect::<Vec<_>>();
        assert_eq!(nodes.nodes.iter().map(|node| node.in_flight()).collect::<Vec<_>>(), [5, 5, 5]);
        drop(busy);
        let next = LeastConn::new().pick(&nodes, &Hint::default()).unwrap();
        assert_eq!(next.index(), 1);
        drop((picks, next));
        assert!(nodes.nodes.iter().all(|node| node.in_flight() == 0));
    }
}
