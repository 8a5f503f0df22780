use std::net::SocketAddr;

use micro_core::{Address, Code, Outcome, Pick};
use micro_registry::{Endpoint, Node, Service};

use crate::{Clock, HealthOptions, Hint, Selector, Snapshot};

/// What a call to a node that nobody listens at comes to.
pub(super) const REFUSED: Outcome = Outcome::Failed { code: Code::Unavailable, reached: false };

/// What a call to a process that does not answer comes to.
pub(super) const TIMED_OUT: Outcome = Outcome::Failed { code: Code::DeadlineExceeded, reached: true };

/// How many calls a spread is measured over.
pub(super) const CALLS: usize = 8000;

/// `count` nodes, as [`with_clock`], for whom no time passes.
pub(super) fn nodes(count: u16) -> Snapshot {
    with_clock(count).0
}

/// `count` nodes, and the clock that they read. Of each four, the first is of version 2, the second is in zone `a`, and the third has the endpoint
/// `S.New`; the others are of version 1, in zone `b`.
pub(super) fn with_clock(count: u16) -> (Snapshot, Clock) {
    let services = (0..count).map(|number| {
        let version = if number % 4 == 0 { "2" } else { "1" };
        // A version of its own, as endpoints belong to versions.
        let version = if number % 4 == 2 { "1-new" } else { version };
        let zone = if number % 4 == 1 { "a" } else { "b" };
        let address = Address::from(SocketAddr::from(([127, 0, 0, 1], 1000 + number)));
        let node = Node::new(format!("s-{number}"), address).with_metadata("zone", zone);
        let service = Service::new("s", version).with_endpoint(Endpoint::new("S.Call")).with_node(node);
        if number % 4 == 2 { service.with_endpoint(Endpoint::new("S.New")) } else { service }
    });
    let clock = Clock::manual();
    let health = HealthOptions::default().with_clock(clock.clone());
    (Snapshot::from_services_with(None, &services.collect::<Vec<_>>(), &health), clock)
}

pub(super) fn pick(selector: &dyn Selector, nodes: &Snapshot, hint: &Hint<'_>) -> Pick {
    match selector.pick(nodes, hint) {
        Ok(pick) => {
            assert!(
                pick.index() < nodes.nodes.len(),
                "it picked node {} of {}",
                pick.index(),
                nodes.nodes.len()
            );
            pick
        }
        Err(error) => panic!("nothing was picked out of {} nodes: {error}", nodes.nodes.len()),
    }
}

/// How many of `calls` calls, one after the other and all answered, each node gets.
pub(super) fn spread(selector: &dyn Selector, nodes: &Snapshot, hint: &Hint<'_>, calls: usize) -> Vec<usize> {
    let mut counts = vec![0; nodes.nodes.len()];
    for _ in 0..calls {
        let pick = pick(selector, nodes, hint);
        counts[pick.index()] += 1;
        pick.done(Outcome::Ok);
    }
    counts
}

/// Whether counts are as even as chance makes them: the statistic of the chi-square test, with a limit that a selector
/// that picks by chance alone passes once in more than a million runs.
pub(super) fn is_even(counts: &[usize]) {
    // At least one, as no calls at all are spread evenly.
    let mean = counts.iter().sum::<usize>().max(1) as f64 / counts.len() as f64;
    let chi = counts.iter().map(|count| (*count as f64 - mean).powi(2) / mean).sum::<f64>();
    let freedom = counts.len() as f64 - 1.0;
    let limit = freedom + 8.0 * (2.0 * freedom).sqrt() + 16.0;
    assert!(
        chi < limit,
        "law 2: the calls are not spread evenly: {counts:?} (chi-square {chi:.1} of {limit:.1})"
    );
}

/// Calls until one goes to this node, which is probed, and gives that.
pub(super) fn probe(selector: &dyn Selector, nodes: &Snapshot, node: usize) -> Pick {
    for _ in 0..CALLS {
        let pick = pick(selector, nodes, &Hint::new("S.Call"));
        if pick.index() == node {
            return pick;
        }
        pick.done(Outcome::Ok);
    }
    panic!("node {node} was not probed by {CALLS} calls");
}
