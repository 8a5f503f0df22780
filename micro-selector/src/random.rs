use micro_core::{Pick, Result};

use crate::{Hint, Selector, Snapshot};

/// How often a node is drawn out of all before the candidates are looked through one by one.
const DRAWS: u32 = 4;

/// Picks any node, all with the same chance. Each thread draws for itself.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Random;

impl Random {
    /// The selector `random`.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Selector for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        // Where most nodes will do, drawing again until one does is as even as drawing among those that do, and faster.
        let count = u32::try_from(nodes.nodes.len()).unwrap_or(u32::MAX);
        for _ in 0..if count > 0 { DRAWS } else { 0 } {
            let index = fastrand::u32(..count);
            let node = &nodes.nodes[index as usize];
            if hint.passes(node)
                && let Some(pick) = node.claim(index)
            {
                return Ok(pick);
            }
        }
        any(nodes.candidates(hint))
            .and_then(|(index, node)| node.claim(index))
            .map_or_else(|| nodes.last_resort(hint), Ok)
    }
}

/// Any item, all with the same chance, in one pass: the n-th replaces what was drawn before with a chance of 1/n.
pub(crate) fn any<T>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut drawn = None;
    for (item, seen) in items.zip(1_u32..) {
        if fastrand::u32(..seen) == 0 {
            drawn = Some(item);
        }
    }
    drawn
}
