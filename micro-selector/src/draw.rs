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
    drawn(nodes, |index, node| {
        (Some(index) != except && hint.takes(index, node) && node.is_available()).then_some((index, node))
    })
    .or_else(|| any(nodes.candidates(hint).filter(|(index, _)| Some(*index) != except)))
}

/// Draws out of all nodes until one will do, a few times. Where most do that is as even as drawing among those that do,
/// and faster.
pub(crate) fn drawn<'a, T>(
    nodes: &'a Snapshot,
    mut take: impl FnMut(u32, &'a Arc<Node>) -> Option<T>,
) -> Option<T> {
    let count = u32::try_from(nodes.nodes.len()).unwrap_or(u32::MAX);
    (0..if count > 0 { DRAWS } else { 0 }).find_map(|_| {
        let index = fastrand::u32(..count);
        take(index, &nodes.nodes[index as usize])
    })
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
