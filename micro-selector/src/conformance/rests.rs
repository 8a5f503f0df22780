use std::time::Duration;

use micro_core::{Code, Outcome};

use super::subject::{CALLS, REFUSED, is_even, nodes, pick, probe, spread, with_clock};
use crate::stats::FIRST;
use crate::{Hint, Selector};

/// How long a node rests at least when it could not be reached for the first time.
const SHORTEST: Duration = FIRST.checked_div(2).unwrap();

/// Law 4: a node that could not be reached is skipped at once, and the others share its calls.
///
/// # Panics
/// When the law does not hold.
pub fn unreachable_is_skipped_at_once(selector: &dyn Selector) {
    let (nodes, clock) = with_clock(4);
    nodes.nodes[2].pick(2).done(REFUSED);
    for _ in 0..2 {
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        assert_eq!(counts[2], 0, "law 4: a node that could not be reached was picked");
        is_even(&[counts[0], counts[1], counts[3]]);
        clock.advance(SHORTEST - Duration::from_millis(1));
    }
}

/// Law 4: after its rest one call probes the node while the others still skip it; when it answers, it gets its share.
///
/// # Panics
/// When the law does not hold.
pub fn probed_by_one_and_readmitted(selector: &dyn Selector) {
    let (nodes, clock) = with_clock(3);
    nodes.nodes[1].pick(1).done(REFUSED);
    clock.advance(FIRST);
    let probe = probe(selector, &nodes, 1);
    let counts = spread(selector, &nodes, &Hint::new("S.Call"), 300);
    assert_eq!(counts[1], 0, "law 4: a second call went to a node that is being probed");
    // An error of the business is an answer.
    probe.done(Outcome::Failed { code: Code::PermissionDenied, reached: true });
    assert!(nodes.nodes[1].resting().is_none());
    is_even(&spread(selector, &nodes, &Hint::new("S.Call"), CALLS));
}

/// Law 4: a node whose probe fails rests again, for longer.
///
/// # Panics
/// When the law does not hold.
pub fn failed_probe_rests_again(selector: &dyn Selector) {
    let (nodes, clock) = with_clock(3);
    nodes.nodes[0].pick(0).done(REFUSED);
    clock.advance(FIRST);
    probe(selector, &nodes, 0).done(REFUSED);
    clock.advance(2 * SHORTEST - Duration::from_millis(1));
    let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
    assert_eq!(counts[0], 0, "law 4: it was picked too early");
    // It is not given up.
    clock.advance(2 * FIRST);
    drop(probe(selector, &nodes, 0));
}

/// Law 1: when all nodes rest, the one whose rest ends first is picked: better than an error for certain.
///
/// # Panics
/// When the law does not hold.
pub fn all_resting_picks_the_first_to_end(selector: &dyn Selector) {
    let nodes = nodes(3);
    // For how long each rests is drawn.
    for (index, node) in (0..).zip(&nodes.nodes) {
        node.pick(index).done(REFUSED);
    }
    let soonest = nodes.nodes.iter().enumerate().min_by_key(|(_, node)| node.resting());
    let soonest = soonest.map(|(index, _)| index);
    let first = pick(selector, &nodes, &Hint::new("S.Call"));
    assert_eq!(Some(first.index()), soonest, "law 1: {nodes:?}");
    // It was worth it.
    first.done(Outcome::Ok);
    assert_eq!(spread(selector, &nodes, &Hint::new("S.Call"), 20).iter().max(), Some(&20));
}

/// Law 4: calls that are answered with errors of the business, or given up, leave a node its share.
///
/// # Panics
/// When the law does not hold.
pub fn errors_of_the_business_do_not_count(selector: &dyn Selector) {
    let nodes = nodes(4);
    let failed = |code| Outcome::Failed { code, reached: true };
    let outcomes = [
        failed(Code::InvalidArgument),
        failed(Code::NotFound),
        failed(Code::PermissionDenied),
        failed(Code::FailedPrecondition),
        // A quota of its handler.
        failed(Code::ResourceExhausted),
        Outcome::Cancelled,
    ];
    let mut counts = [0; 4];
    for round in 0..CALLS {
        let pick = pick(selector, &nodes, &Hint::new("S.Call"));
        counts[pick.index()] += 1;
        let bad = pick.index() == 3;
        pick.done(if bad { outcomes[round % outcomes.len()] } else { Outcome::Ok });
    }
    is_even(&counts);
}
