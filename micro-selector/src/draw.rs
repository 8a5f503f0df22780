use std::sync::Arc;

use crate::{Hint, Node, Snapshot};

/// How often a node is drawn out of all before the candidates are looked through one by one.
pub(crate) const DRAWS: u32 = 4;

/// Draws one of the candidates, but not number `except`, all with the same chance.
pub(crate) fn candidate<'a>(
    nodes: &'a Snapshot,
    hint: &'a Hint<'_>,
    except: Option<u32>,
) -> Option<(u32, &'a Arc<Node>)> {
    // Where most nodes will do, drawing again until one does is as even as drawing among those that do, and faster.
    let count = u32::try_from(nodes.nodes.len()).unwrap_or(u32::MAX);
    for _ in 0..if count > 0 { DRAWS } else { 0 } {
        let index = fastrand::u32(..count);
        let node = &nodes.nodes[index as usize];
        let is_wanted = || hint.passes(node) && !hint.has_tried(node) && !hint.is_busy(index);
        if Some(index) != except && is_wanted() && node.is_available() {
            return Some((index, node));
        }
    }
    any(nodes.candidates(hint).filter(|(index, _)| Some(*index) != except))
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
