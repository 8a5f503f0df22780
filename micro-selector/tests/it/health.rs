//! What nodes know of how they do, whoever picks them.

use std::time::Duration;

use micro_core::{Address, Body, BodyStream, Call, Code, Frame, Outcome, Pick};
use micro_registry::{Node, Service};
use micro_selector::{Clock, HealthOptions, Snapshot};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

fn failed(code: Code, reached: bool) -> Outcome {
    Outcome::Failed { code, reached }
}

fn service(count: u16) -> Service {
    let mut service = Service::new("s", "1");
    for id in 0..count {
        let address = Address::new(&format!("127.0.0.1:{}", 1000 + id)).unwrap();
        service.nodes.push(Node::new(format!("s-{id}"), address));
    }
    service
}

fn nodes(count: u16, health: HealthOptions) -> (Snapshot, Clock) {
    let clock = Clock::manual();
    let health = health.with_clock(clock.clone());
    (Snapshot::from_services_with(None, &[service(count)], &health), clock)
}

/// Fails calls to the first node until it is ejected; `false` when that is not to be had.
fn eject(nodes: &Snapshot, outcome: Outcome) -> bool {
    for _ in 0..100 {
        nodes.nodes[0].pick(0).done(outcome);
        if nodes.nodes[0].ejected().is_some() {
            return true;
        }
    }
    false
}

/// The probe of the first node, once it is due.
fn probe(nodes: &Snapshot, clock: &Clock) -> Pick {
    clock.advance(nodes.nodes[0].resting().unwrap_or_default());
    nodes.nodes[0].claim(0).unwrap()
}

#[test]
fn what_ejects_a_node() {
    for (code, reached, ejects) in [
        (Code::Unavailable, true, true),
        (Code::DeadlineExceeded, true, true),
        (Code::DeadlineExceeded, false, true),
        (Code::ResourceExhausted, false, true),
        (Code::ResourceExhausted, true, false),
        (Code::Internal, true, false),
        (Code::NotFound, true, false),
        (Code::InvalidArgument, false, false),
        (Code::Cancelled, true, false),
        // It rests instead, at the first of them, and gets its whole share as soon as it answers.
        (Code::Unavailable, false, false),
    ] {
        let (nodes, _) = nodes(2, HealthOptions::default());
        assert_eq!(eject(&nodes, failed(code, reached)), ejects, "{code:?}, {reached}");
        assert_eq!(nodes.nodes[0].is_available(), !ejects && code != Code::Unavailable, "{code:?}");
    }
    let (nodes, _) = nodes(2, HealthOptions::default());
    assert!(!eject(&nodes, Outcome::Cancelled));
}

#[test]
fn what_all_nodes_have_in_common_ejects_none_for_long() {
    let timed_out = failed(Code::DeadlineExceeded, true);
    for all in [false, true] {
        let (nodes, clock) = nodes(4, HealthOptions::default());
        assert!(eject(&nodes, timed_out), "the first one is noticed before the others fail");
        for (index, node) in (1..4).zip(&nodes.nodes[1..]) {
            for _ in 0..30 {
                node.pick(index).done(if all { timed_out } else { Outcome::Ok });
            }
        }
        probe(&nodes, &clock).done(timed_out);
        assert_eq!(nodes.nodes[0].ejected().is_some(), !all, "all fail: {all}");
    }
}

#[test]
fn it_can_be_switched_off_and_tuned() {
    let timed_out = failed(Code::DeadlineExceeded, true);
    let (off, _) = nodes(3, HealthOptions::off());
    assert!(!eject(&off, timed_out));
    let (alone, _) = nodes(1, HealthOptions::default());
    assert!(!eject(&alone, timed_out), "one that is alone never is");
    let (never, _) = nodes(3, HealthOptions::default().with_consecutive(0).with_failures(2.0, 20));
    assert!(!eject(&never, timed_out));
    let (once, _) = nodes(3, HealthOptions::default().with_consecutive(1).with_ejection(60 * SECOND));
    once.nodes[0].pick(0).done(timed_out);
    assert_eq!(once.nodes[0].ejected(), Some(1));
    let lasts = once.nodes[0].resting().unwrap();
    assert!(lasts > 14 * SECOND && lasts <= 30 * SECOND, "the limit holds: {lasts:?}");
}

#[test]
fn options_and_ejections_outlive_a_snapshot() {
    let (first, clock) = nodes(2, HealthOptions::default().with_consecutive(2));
    for _ in 0..2 {
        first.nodes[0].pick(0).done(failed(Code::DeadlineExceeded, true));
    }
    let next = Snapshot::from_services(Some(&first), &[service(4)]);
    assert_eq!(next.nodes[0].ejected(), Some(1));
    // A new node is one of them: two of four may be ejected now, by the same options and the same clock.
    for index in [2, 3] {
        for _ in 0..2 {
            next.nodes[index].pick(index as u32).done(failed(Code::DeadlineExceeded, true));
        }
    }
    let ejected = next.nodes.iter().map(|node| node.ejected().is_some()).collect::<Vec<_>>();
    assert_eq!(ejected, [true, false, true, false]);
    clock.advance(SECOND);
    assert!(next.nodes[2].is_due());
}

#[test]
fn ejections_grow_and_are_forgiven() {
    let (nodes, clock) = nodes(2, HealthOptions::default());
    let timed_out = failed(Code::DeadlineExceeded, true);
    let node = &nodes.nodes[0];
    assert!(eject(&nodes, timed_out) && node.share() == 0.0);
    for times in 2..=4 {
        probe(&nodes, &clock).done(timed_out);
        assert_eq!(node.ejected(), Some(times));
    }
    probe(&nodes, &clock).done(Outcome::Ok);
    assert!(node.ejected().is_none() && node.share() < 0.1);
    // It fails again soon: longer.
    clock.advance(SECOND);
    assert!(eject(&nodes, timed_out));
    assert_eq!(node.ejected(), Some(5));
    probe(&nodes, &clock).done(Outcome::Ok);
    clock.advance(10 * SECOND);
    assert_eq!(node.share(), 1.0);
    // It was well for half a minute, and for ever.
    clock.advance(20 * SECOND);
    assert!(eject(&nodes, timed_out));
    assert_eq!(node.ejected(), Some(3));
    probe(&nodes, &clock).done(Outcome::Ok);
    clock.advance(3_600 * SECOND);
    assert!(eject(&nodes, timed_out));
    assert_eq!(node.ejected(), Some(1));
}

#[test]
fn a_probe_that_is_given_up() {
    let (nodes, clock) = nodes(2, HealthOptions::default());
    let node = &nodes.nodes[0];
    assert!(eject(&nodes, failed(Code::DeadlineExceeded, true)));
    // At once, as no connection was ready: the next call probes.
    drop(probe(&nodes, &clock));
    assert!(node.is_due());
    // After a while, as it does not answer: not before the next ejection time.
    let given_up = probe(&nodes, &clock);
    clock.advance(200 * MS);
    drop(given_up);
    assert!(node.resting().unwrap() >= 500 * MS, "{node:?}");
    assert_eq!(node.ejected(), Some(1), "it says nothing");
}

#[test]
fn what_was_under_way_says_nothing_of_how_it_does_since() {
    let (nodes, clock) = nodes(2, HealthOptions::default());
    let under_way = (0..20).map(|_| nodes.nodes[0].pick(0)).collect::<Vec<_>>();
    assert!(eject(&nodes, failed(Code::DeadlineExceeded, true)));
    for (number, pick) in under_way.into_iter().enumerate() {
        pick.done(if number % 2 == 0 { Outcome::Ok } else { failed(Code::Unavailable, true) });
    }
    assert_eq!(nodes.nodes[0].ejected(), Some(1));
    clock.advance(SECOND);
    assert!(nodes.nodes[0].is_due());
}

#[tokio::test]
async fn a_stream_that_begins_is_an_answer() {
    let (nodes, clock) = nodes(2, HealthOptions::default());
    let node = &nodes.nodes[0];
    assert!(eject(&nodes, failed(Code::DeadlineExceeded, true)));
    clock.advance(node.resting().unwrap());
    let pick = node.claim_timed(0).unwrap();
    clock.advance(3 * MS);
    let stream = BodyStream::of([Frame::Data("x".into())]);
    let response = Call::streaming(stream).with_pick(pick).await.unwrap();
    assert!(node.ejected().is_none(), "it need not end for that");
    // Nor is the time of the whole stream its latency.
    clock.advance(60 * SECOND);
    assert_eq!((node.latency(), node.in_flight()), (Some(3 * MS), 1));
    let Body::Stream(mut stream) = response.body else { panic!("{:?}", response.body) };
    while stream.frame().await.is_some() {}
    assert_eq!((node.latency(), node.in_flight()), (Some(3 * MS), 0));
}
