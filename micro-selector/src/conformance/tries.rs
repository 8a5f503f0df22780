use micro_core::Outcome;

use super::subject::{CALLS, REFUSED, is_even, nodes, pick, spread};
use crate::{Filter, Hint, Selector};

/// Law 1: a call that was sent to a node already goes to another one, and any of these will do.
///
/// # Panics
/// When the law does not hold.
pub fn tried_is_avoided(selector: &dyn Selector) {
    let nodes = nodes(6);
    let tried = ["s-1", "s-4", "s-gone"].map(Box::from);
    let counts = spread(selector, &nodes, &Hint::new("S.Call").with_tried(&tried), CALLS);
    assert_eq!((counts[1], counts[4]), (0, 0), "law 1: a call went again where it was: {counts:?}");
    is_even(&[counts[0], counts[2], counts[3], counts[5]]);
}

/// Law 1: where no other node is available, a call goes again to one that it was sent to; a filter is never overruled,
/// and a node that rests is no better than one that was tried.
///
/// # Panics
/// When the law does not hold.
pub fn tried_is_better_than_nothing(selector: &dyn Selector) {
    let nodes = nodes(3);
    let tried = ["s-0", "s-1"].map(Box::from);
    let filters = [Filter::custom(|node| *node.record.id != *"s-2")];
    let hint = Hint::new("S.Call").with_tried(&tried);
    is_even(&spread(selector, &nodes, &hint.with_filters(&filters), CALLS)[..2]);
    nodes.nodes[2].pick(2).done(REFUSED);
    for _ in 0..100 {
        let pick = pick(selector, &nodes, &hint);
        assert!(pick.index() != 2, "law 1: a node that rests was picked before one that was tried");
        pick.done(Outcome::Ok);
    }
}

/// Law 1: a call that would wait at a node goes to one where it would not, and any of these will do; where it would wait
/// at each, any will do. That a call was sent to a node already counts for more.
///
/// # Panics
/// When the law does not hold.
pub fn busy_is_avoided(selector: &dyn Selector) {
    let nodes = nodes(6);
    let busy = |index| matches!(index, 1 | 4);
    let hint = Hint::new("S.Call").with_busy(&busy);
    let counts = spread(selector, &nodes, &hint, CALLS);
    assert_eq!((counts[1], counts[4]), (0, 0), "law 1: a call waits though it need not: {counts:?}");
    is_even(&[counts[0], counts[2], counts[3], counts[5]]);

    let tried = ["s-0", "s-2", "s-3", "s-5"].map(Box::from);
    let counts = spread(selector, &nodes, &hint.with_tried(&tried), CALLS);
    is_even(&[counts[1], counts[4]]);

    is_even(&spread(selector, &nodes, &Hint::new("S.Call").with_busy(&|_| true), CALLS));
}
