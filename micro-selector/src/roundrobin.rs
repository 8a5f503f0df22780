use micro_core::{Pick, Result};

use crate::draw::any;
use crate::{Hint, Selector, Snapshot};

/// How often a turn is lost, to another thread or by a node that does not get its whole share, before one is picked out
/// of turn.
const TRIES: u32 = 8;

/// Picks the node whose last turn was longest ago.
///
/// The turns are counted at the nodes, so they stay even whatever filters say, when nodes come and go, and between calls
/// of different services, where one running number would fall in step with the pattern of the calls. Where several have
/// waited equally long, as at the start, chance decides, so that not all clients begin with the same node.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct RoundRobin;

impl RoundRobin {
    /// The selector `roundrobin`.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Selector for RoundRobin {
    fn name(&self) -> &'static str {
        "roundrobin"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        for _ in 0..TRIES {
            let Some(first) = nodes.candidates(hint).map(|(_, node)| node.turn()).min() else { break };
            let waited = nodes.candidates(hint).filter(|(_, node)| node.turn() == first);
            let last = nodes.nodes.iter().map(|node| node.turn()).max().unwrap_or(first);
            if let Some((index, node)) = any(waited)
                && node.take_turn(first, last + 1)
                && let Some(pick) = node.claim(index)
            {
                return Ok(pick);
            }
        }
        // Others were faster each time: what they leave is as good as any.
        any(nodes.candidates(hint))
            .and_then(|(index, node)| node.claim(index))
            .map_or_else(|| nodes.last_resort(hint), Ok)
    }
}

#[cfg(test)]
mod tests {
    use micro_core::Address;

    use super::*;
    use crate::Filter;

    #[test]
    fn each_has_its_turn_in_each_round_whatever_filters_say() {
        let addresses =
            (1..=6).map(|port| Address::new(&format!("127.0.0.1:{port}")).unwrap()).collect::<Vec<_>>();
        let nodes = Snapshot::from_addresses("s", &addresses);
        let odd = [Filter::custom(|node| node.record.address.port().unwrap() % 2 == 1)];
        let turns = |hint: &Hint<'_>, count: usize| {
            let mut turns =
                (0..count).map(|_| RoundRobin::new().pick(&nodes, hint).unwrap().index()).collect::<Vec<_>>();
            turns.sort_unstable();
            turns
        };
        for _ in 0..10 {
            assert_eq!(turns(&Hint::new("S.Call"), 6), [0, 1, 2, 3, 4, 5]);
        }
        assert_eq!(turns(&Hint::new("S.Call").with_filters(&odd), 3), [0, 2, 4]);
        // Those that the filter refused have waited longer.
        assert_eq!(turns(&Hint::new("S.Call"), 3), [1, 3, 5]);
    }
}
