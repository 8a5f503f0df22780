use micro_core::{Pick, Result};

use crate::{Hint, Random, Selector, Snapshot};

/// Consistent: calls of one [key](Hint::key) go to one node, whoever makes them. Calls without a key go to any.
///
/// Rendezvous hashing over the ids of the nodes: each key ranks all nodes, and the first that may be picked gets the
/// call, also where it waits there for others to end. So when a node comes or goes, or rests, only its own keys move, spread over all others. Of `n` nodes each has
/// about one key in `n`, whatever the keys are.
///
/// The ranks are the same in all processes and in all versions: FNV-1a of 64 bits over the UTF-8 of the id and of the
/// key, each mixed by the finalizer of SplitMix64, their exclusive or mixed by it again, and the largest wins.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Hash;

impl Hash {
    /// The selector `hash`.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Selector for Hash {
    fn name(&self) -> &'static str {
        "hash"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        let Some(key) = hint.key else { return Random::new().pick(nodes, hint) };
        let key = of(key);
        // What belongs on one node waits there.
        let hint = &Hint { busy: None, ..*hint };
        // Which may not be had after all: whoever comes next has a lower rank.
        let mut refused = None;
        loop {
            let ranked = nodes.candidates(hint).map(|(index, node)| ((mix(key ^ node.hash()), index), node));
            let left = ranked.filter(|(rank, _)| refused.is_none_or(|refused| *rank < refused));
            let Some((rank, node)) = left.max_by_key(|(rank, _)| *rank) else {
                return nodes.last_resort(hint);
            };
            if let Some(pick) = node.claim(rank.1) {
                return Ok(pick);
            }
            refused = Some(rank);
        }
    }
}

/// The hash of a key, or of a node's id.
pub(crate) fn of(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    mix(fnv)
}

/// The finalizer of SplitMix64: each bit of what comes in changes half of what goes out.
fn mix(mut word: u64) -> u64 {
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
