use std::time::Duration;

use micro_core::{Pick, Result};

use crate::draw::any;
use crate::{Hint, Node, Selector, Snapshot};

/// How many more calls than the others have a node seems to have all of whose calls fail.
const BURDEN: f64 = 2.0;
/// How many nodes may turn out not to be had before the last resort.
const TRIES: u32 = 4;

/// Picks the node with the fewest calls under way from this client; among those with equally few, any.
///
/// It looks at all nodes. A slow node gets fewer calls, as its calls last longer. One that fails fast looks idle, which
/// is why failures count as load: one all of whose calls fail seems to have more calls than the others. That fades within
/// 10 s without an answer, so that it is tried again.
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
        let mut refused = None;
        for _ in 0..TRIES {
            let others = || nodes.candidates(hint).filter(|(index, _)| Some(*index) != refused);
            let (calls, count) = others().fold((0.0, 0.0), |(calls, count), (_, node)| {
                (calls + f64::from(node.in_flight()), count + 1.0)
            });
            if count == 0.0 {
                break;
            }
            let mean = calls / count;
            let least = others().map(|(_, node)| load(node, mean)).fold(f64::INFINITY, f64::min);
            let idle = any(others().filter(|(_, node)| load(node, mean) <= least));
            // Calls begin and end meanwhile: without any that has so few now, any will do.
            let Some((index, node)) = idle.or_else(|| any(others())) else { break };
            if let Some(pick) = node.claim_timed(index) {
                return Ok(pick);
            }
            refused = Some(index);
        }
        nodes.last_resort(hint)
    }
}

/// How busy a node is, where nodes have `mean` calls under way.
fn load(node: &Node, mean: f64) -> f64 {
    if node.is_due() {
        return -1.0;
    }
    let now = || -> Duration { node.stats().now() };
    let failing = node.known(now).map_or(0.0, |known| known.errors * known.trust);
    f64::from(node.in_flight()) + failing * BURDEN * (mean + 1.0)
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
