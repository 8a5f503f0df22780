use std::collections::VecDeque;
use std::time::Duration;

use micro_core::{Code, Outcome, Pick};

use super::subject::{CALLS, TIMED_OUT, is_even, nodes, pick, probe, spread, with_clock};
use crate::{Clock, HealthOptions, Hint, Selector, Snapshot};

/// Calls these nodes in turn, as many others may do too, until they are ejected or it is clear that they are not.
fn eject(nodes: &Snapshot, failing: &[u32]) {
    for _ in 0..100 {
        for (index, node) in (0..).zip(&nodes.nodes) {
            if node.ejected().is_none() {
                node.pick(index).done(if failing.contains(&index) { TIMED_OUT } else { Outcome::Ok });
            }
        }
    }
}

/// How long a first ejection lasts at most.
fn ejection() -> Duration {
    HealthOptions::default().ejection
}

/// Law 6: a node that does not answer in time gets no more calls after a few, and the others share them.
///
/// # Panics
/// When the law does not hold.
pub fn failing_is_ejected(selector: &dyn Selector) {
    for outcome in [TIMED_OUT, Outcome::Failed { code: Code::Unavailable, reached: true }] {
        let (nodes, clock) = with_clock(3);
        let mut failed = 0;
        for _ in 0..CALLS {
            let pick = pick(selector, &nodes, &Hint::new("S.Call"));
            let fails = pick.index() == 1;
            failed += usize::from(fails);
            pick.done(if fails { outcome } else { Outcome::Ok });
        }
        assert!(failed <= 20, "law 6: {failed} calls went to a node that fails");
        clock.advance(ejection() / 2 - Duration::from_millis(1));
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        assert_eq!(counts[1], 0, "law 6: a node was picked that is ejected");
        is_even(&[counts[0], counts[2]]);
    }
}

/// Law 6: one call at a time probes an ejected node, one for each ejection time, and the times grow.
///
/// # Panics
/// When the law does not hold.
pub fn ejected_is_probed_by_one(selector: &dyn Selector) {
    let (nodes, clock) = with_clock(3);
    eject(&nodes, &[1]);
    for time in 1..5 {
        clock.advance(ejection() * 2_u32.pow(time - 1));
        let probe = probe(selector, &nodes, 1);
        clock.advance(Duration::from_secs(2));
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        assert_eq!(counts[1], 0, "law 6: a second call went to a node that is being probed");
        probe.done(TIMED_OUT);
        clock.advance(ejection() * 2_u32.pow(time) / 2 - Duration::from_millis(1));
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        assert_eq!(counts[1], 0, "law 6: it was probed again too early");
    }
}

/// Law 6: the share of a node that comes back from an ejection grows bit by bit, to the whole.
///
/// # Panics
/// When the law does not hold.
pub fn readmitted_gets_its_share_bit_by_bit(selector: &dyn Selector) {
    let (nodes, clock) = with_clock(4);
    eject(&nodes, &[2]);
    clock.advance(ejection());
    probe(selector, &nodes, 2).done(Outcome::Ok);
    let ramp = HealthOptions::default().ramp;
    let mut before = 0;
    for _ in 0..4 {
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        assert!(counts[2] > before, "law 6: its share does not grow: {counts:?} after {before}");
        assert!(before > 0 || counts[2] < CALLS / 16, "law 6: it begins with too much: {counts:?}");
        before = counts[2];
        clock.advance(ramp / 4);
    }
    is_even(&spread(selector, &nodes, &Hint::new("S.Call"), CALLS));
}

/// Law 6: at most half of the nodes are ejected, however many fail, and none where all fail.
///
/// # Panics
/// When the law does not hold.
pub fn at_most_half_are_ejected(selector: &dyn Selector) {
    for (count, failing, most) in [
        (1, &[0][..], 0),
        (2, &[0], 1),
        (3, &[1, 2], 1),
        (4, &[0, 1, 3], 2),
        (5, &[1, 2, 3, 4], 2),
        (2, &[0, 1], 0),
        (4, &[0, 1, 2, 3], 0),
    ] {
        let nodes = nodes(count);
        eject(&nodes, failing);
        let ejected = nodes.nodes.iter().map(|node| node.ejected().is_some()).collect::<Vec<_>>();
        let number = ejected.iter().filter(|ejected| **ejected).count();
        assert_eq!(number, most, "law 6: of {count} nodes, of which {failing:?} fail");
        let counts = spread(selector, &nodes, &Hint::new("S.Call"), CALLS);
        for (count, ejected) in counts.iter().zip(ejected) {
            assert!(!ejected || *count == 0, "law 6: a node was picked that is ejected: {counts:?}");
        }
    }
}

/// Law 6: a node whose handlers fail at once looks idle, and gets no more calls than the others all the same.
///
/// # Panics
/// When the law does not hold.
pub fn errors_attract_no_calls(selector: &dyn Selector) {
    for code in [Code::Internal, Code::Unknown] {
        let (nodes, clock) = with_clock(4);
        let counts = concurrent(selector, &nodes, &clock, Outcome::Failed { code, reached: true });
        let fair = CALLS / 4;
        assert!(counts[3] < fair + fair / 8, "law 6: errors attract calls: {counts:?}");
        assert_eq!(nodes.nodes[3].ejected(), None, "its handlers answer");
    }
}

/// Calls with 64 under way, one each millisecond. Node 3 fails at once, the others answer after the rest.
fn concurrent(selector: &dyn Selector, nodes: &Snapshot, clock: &Clock, outcome: Outcome) -> Vec<usize> {
    let mut counts = vec![0; nodes.nodes.len()];
    let mut under_way = VecDeque::<Pick>::new();
    for _ in 0..CALLS {
        clock.advance(Duration::from_millis(1));
        let pick = pick(selector, nodes, &Hint::new("S.Call"));
        counts[pick.index()] += 1;
        match pick.index() {
            3 => pick.done(outcome),
            _ => under_way.push_back(pick),
        }
        if under_way.len() > 64
            && let Some(oldest) = under_way.pop_front()
        {
            oldest.done(Outcome::Ok);
        }
    }
    under_way.into_iter().for_each(|pick| pick.done(Outcome::Ok));
    counts
}
