use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use micro_core::{Code, Outcome};

use super::subject::{CALLS, is_even, nodes, pick, spread};
use crate::{Filter, Hint, Selector, Snapshot};

/// Law 1: a node that a filter refuses is never picked, whatever the filter, and however few are left.
///
/// # Panics
/// When the law does not hold.
pub fn filters_are_kept(selector: &dyn Selector) {
    let nodes = nodes(16);
    let custom = |digit: &'static str| Filter::custom(move |node| node.record.id.ends_with(digit));
    for filters in [
        vec![Filter::version("2")],
        vec![Filter::label("zone", "a")],
        vec![Filter::endpoint("S.New")],
        vec![custom("7")],
        vec![Filter::version("1"), Filter::label("zone", "b")],
        vec![Filter::endpoint("S.Call"), Filter::label("zone", "a"), custom("5")],
    ] {
        let hint = Hint::new("S.Call").with_filters(&filters);
        let passing = nodes.nodes.iter().filter(|node| hint.passes(node)).count();
        assert!(passing > 0 && passing < 16, "a filter of this law says nothing");
        // Also while calls are under way, and when what is left rests.
        let mut held = Vec::new();
        for round in 0..300 {
            let pick = pick(selector, &nodes, &hint);
            assert!(
                hint.passes(&nodes.nodes[pick.index()]),
                "law 1: {filters:?} refuses node {}",
                pick.index()
            );
            match round % 3 {
                0 => held.push(pick),
                1 => pick.done(Outcome::Ok),
                _ => pick.done(super::subject::REFUSED),
            }
        }
    }
}

/// Law 3: where no node is left the error is `Unavailable`, not reached, and says why.
///
/// # Panics
/// When the law does not hold.
pub fn no_node_is_unavailable(selector: &dyn Selector) {
    let filters = [Filter::version("9")];
    let filtered = Hint::new("S.Call").with_filters(&filters);
    let some = nodes(3);
    for (nodes, hint, why) in
        [(&Snapshot::default(), Hint::new("S.Call"), "no node"), (&some, filtered, "version 9")]
    {
        match selector.pick(nodes, &hint) {
            Ok(pick) => panic!("law 3: node {} was picked", pick.index()),
            Err(error) => {
                assert_eq!(error.code(), Code::Unavailable, "law 3");
                assert!(!error.reached(), "law 3: no handler can have seen it");
                assert!(error.detail().contains(why), "law 3: the error does not say `{why}`: {error}");
            }
        }
    }
    assert!(some.nodes.iter().all(|node| node.in_flight() == 0));
}

/// Law 5, the state that it keeps: a pick counts as a call under way until it is done or dropped, however it ends.
///
/// # Panics
/// When the law does not hold.
pub fn nothing_is_left_in_flight(selector: &dyn Selector) {
    let nodes = nodes(5);
    let hint = Hint::new("S.Call");
    let in_flight = || nodes.nodes.iter().map(|node| node.in_flight()).sum::<u32>();
    let mut picks = (0..100).map(|_| pick(selector, &nodes, &hint)).collect::<Vec<_>>();
    assert_eq!(in_flight(), 100);
    for pick in picks.drain(..50) {
        pick.done(Outcome::Failed { code: Code::NotFound, reached: true });
    }
    assert_eq!(in_flight(), 50);
    drop(picks);
    assert_eq!(in_flight(), 0);
}

/// Law 2: calls are spread evenly, over few nodes and over many.
///
/// # Panics
/// When the law does not hold.
pub fn spreads_evenly(selector: &dyn Selector) {
    for count in [1, 2, 3, 8, 100] {
        is_even(&spread(selector, &nodes(count), &Hint::new("S.Call"), CALLS));
    }
}

/// Law 2: calls are spread evenly over the nodes that filters leave: the neighbours of those that they refuse do not get
/// their share.
///
/// # Panics
/// When the law does not hold.
pub fn spreads_over_what_filters_leave(selector: &dyn Selector) {
    let nodes = nodes(12);
    for filter in [
        Filter::version("2"),
        Filter::label("zone", "b"),
        Filter::custom(|node| ["s-0", "s-1", "s-7"].contains(&&*node.record.id)),
    ] {
        let filters = [filter];
        let hint = Hint::new("S.Call").with_filters(&filters);
        let counts = spread(selector, &nodes, &hint, CALLS);
        let left = nodes.nodes.iter().zip(counts).filter(|(node, _)| hint.passes(node));
        is_even(&left.map(|(_, count)| count).collect::<Vec<_>>());
    }
}

/// Law 2: when nodes come and go the calls are spread evenly over those that are there.
///
/// # Panics
/// When the law does not hold.
pub fn spreads_over_what_is_left(selector: &dyn Selector) {
    let before = nodes(8);
    is_even(&spread(selector, &before, &Hint::new("S.Call"), CALLS / 8));
    let fewer = Snapshot::new(2, before.nodes[..3].to_vec());
    is_even(&spread(selector, &fewer, &Hint::new("S.Call"), CALLS));
    let more = nodes(6);
    let more = Snapshot::new(3, fewer.nodes.iter().chain(&more.nodes[3..]).cloned().collect());
    is_even(&spread(selector, &more, &Hint::new("S.Call"), CALLS));
}

/// Law 2: calls of several services that take turns, in a pattern, are spread evenly for each of them.
///
/// # Panics
/// When the law does not hold.
pub fn spreads_when_services_take_turns(selector: &dyn Selector) {
    let (first, second) = (nodes(2), nodes(4));
    let mut counts = [[0; 2].to_vec(), [0; 4].to_vec()];
    for _ in 0..CALLS {
        for (nodes, counts) in [&first, &second].into_iter().zip(&mut counts) {
            let pick = pick(selector, nodes, &Hint::new("S.Call"));
            counts[pick.index()] += 1;
            pick.done(Outcome::Ok);
        }
    }
    counts.iter().for_each(|counts| is_even(counts));
}

/// Law 2: calls of several threads are spread evenly, each with many under way.
///
/// # Panics
/// When the law does not hold.
pub fn spreads_across_threads(selector: &dyn Selector) {
    let nodes = nodes(8);
    let counts = (0..8).map(|_| AtomicUsize::new(0)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut under_way = VecDeque::new();
                for _ in 0..CALLS {
                    let pick = pick(selector, &nodes, &Hint::new("S.Call"));
                    counts[pick.index()].fetch_add(1, Ordering::Relaxed);
                    under_way.push_back(pick);
                    if under_way.len() > 64 {
                        under_way.pop_front();
                    }
                }
            });
        }
    });
    let counts = counts.into_iter().map(AtomicUsize::into_inner).collect::<Vec<_>>();
    // Wider than for one thread: while a thread is put aside by the system, what it has under way counts.
    let fair = 4 * CALLS / 8;
    assert!(
        counts.iter().all(|count| (fair / 2..fair * 2).contains(count)),
        "law 2: the calls of several threads are not spread evenly: {counts:?}"
    );
    assert!(nodes.nodes.iter().all(|node| node.in_flight() == 0));
}
