use micro_core::{Pick, Result};

use crate::draw::any;
use crate::{Hint, Selector, Snapshot};

/// How often a turn is lost to another thread before one is picked out of turn.
const TRIES: u32 = 8;

/// Picks the node whose last turn was longest ago.
///
/// The nodes of a snapshot have their turns in an order that is made with it, and a call for which any of them will do takes
/// the next. Where filters or earlier attempts leave some only, all are looked at for the one that has waited longest, and
/// what it gets out of turn is taken off its next one. The turns are counted at the nodes, so they stay even when nodes
/// come and go, and between calls of different services, where one running number would fall in step with the pattern of
/// the calls. Where several have waited equally long, as at the start, chance decides, so that not all clients begin with
/// the same node.
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
        if hint.takes_any()
            && let Some(pick) = in_turn(nodes)
        {
            return Ok(pick);
        }
        for _ in 0..TRIES {
            let Some(first) = nodes.candidates(hint).map(|(_, node)| node.turn()).min() else { break };
            let waited = nodes.candidates(hint).filter(|(_, node)| node.turn() == first);
            if let Some((index, node)) = any(waited)
                && node.take_turn(first, nodes.rotation.number())
                && let Some(pick) = node.claim(index)
            {
                node.owes_turn();
                return Ok(pick);
            }
        }
        // Others were faster each time: what they leave is as good as any.
        any(nodes.candidates(hint))
            .and_then(|(index, node)| node.claim(index))
            .map_or_else(|| nodes.last_resort(hint), Ok)
    }
}

/// The node whose turn it is, or who comes next where that one rests, has to wait for its whole share, or had its turn
/// already.
fn in_turn(nodes: &Snapshot) -> Option<Pick> {
    // In the first of two rounds those are passed over that had their turn before their time.
    (0..2 * nodes.rotation.len()).find_map(|_| {
        let index = nodes.rotation.next()?;
        let node = nodes.nodes.get(index as usize)?;
        let pick = if node.pays_turn() { None } else { node.claim(index) };
        pick.inspect(|_| node.has_turn(nodes.rotation.number()))
    })
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
        assert_eq!(turns(&Hint::new("S.Call"), 6), [0, 1, 2, 3, 4, 5]);
        // What was had out of turn is one turn less, however much it was.
        turns(&Hint::new("S.Call").with_filters(&odd), 300);
        assert_eq!(turns(&Hint::new("S.Call"), 9), [0, 1, 1, 2, 3, 3, 4, 5, 5]);
    }

    #[test]
    fn the_order_goes_on_when_nodes_come_and_go() {
        let service = |ports: &[u16]| {
            let mut service = micro_registry::Service::new("s", "1");
            service.nodes = ports
                .iter()
                .map(|port| {
                    let address = Address::new(&format!("127.0.0.1:{port}")).unwrap();
                    micro_registry::Node::new(format!("n-{port}"), address)
                })
                .collect();
            [service]
        };
        let port = |nodes: &Snapshot, pick: Pick| nodes.nodes[pick.index()].record.address.port().unwrap();
        let pick =
            |nodes: &Snapshot| port(nodes, RoundRobin::new().pick(nodes, &Hint::new("S.Call")).unwrap());
        let first = Snapshot::from_services(None, &service(&[1, 2, 3, 4]));
        let mut had = [pick(&first), pick(&first)];
        had.sort_unstable();
        let next = Snapshot::from_services(Some(&first), &service(&[1, 2, 3, 4]));
        let mut left = [pick(&next), pick(&next)];
        left.sort_unstable();
        let mut all = [had, left].concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4], "{had:?} had their turn before the change");
        // One that comes has one turn in a round, like all others.
        let more = Snapshot::from_services(Some(&next), &service(&[1, 2, 3, 4, 5]));
        let mut round = (0..5).map(|_| pick(&more)).collect::<Vec<_>>();
        round.sort_unstable();
        assert_eq!(round, [1, 2, 3, 4, 5]);
    }
}
