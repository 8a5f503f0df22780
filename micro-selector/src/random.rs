use std::sync::Arc;

use micro_core::{Pick, Result};

use crate::draw::{candidate, drawn};
use crate::{Hint, Node, Selector, Snapshot};

/// How many nodes may turn out not to be had before the last resort.
const TRIES: u32 = 4;

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
        // Nearly always the first that is drawn.
        let usual = |index, node: &Arc<Node>| if hint.takes(index, node) { node.claim(index) } else { None };
        if let Some(pick) = drawn(nodes, usual) {
            return Ok(pick);
        }
        let mut refused = None;
        for _ in 0..TRIES {
            let Some((index, node)) = candidate(nodes, hint, refused) else { break };
            if let Some(pick) = node.claim(index) {
                return Ok(pick);
            }
            refused = Some(index);
        }
        nodes.last_resort(hint)
    }
}
