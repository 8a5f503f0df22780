//! `p2c` with nodes that are not equally good, in simulated time: each call ends when it would.

use std::collections::BTreeMap;
use std::time::Duration;

use micro_core::{Address, Code, Outcome, Pick};
use micro_registry::{Node, Service};
use micro_selector::{Clock, HealthOptions, Hint, LeastConn, P2c, Random, RoundRobin, Selector, Snapshot};

const SECOND: Duration = Duration::from_secs(1);
const MS: Duration = Duration::from_millis(1);

/// How a node answers: after how long, and how.
type Answers = fn(Duration) -> (Duration, Outcome);

const FINE: Answers = |_| (jitter(MS), Outcome::Ok);

fn failed(code: Code) -> Outcome {
    Outcome::Failed { code, reached: true }
}

/// Between half and one and a half of it, as no two calls take equally long.
fn jitter(time: Duration) -> Duration {
    time.mul_f64(0.5 + fastrand::f64())
}

struct World {
    clock: Clock,
    nodes: Snapshot,
    answers: [Answers; 4],
    /// By when they end.
    under_way: BTreeMap<(Duration, u64), (Pick, Outcome)>,
    calls: u64,
}

impl World {
    fn new(answers: [Answers; 4]) -> Self {
        let mut service = Service::new("s", "1");
        for id in 0..4 {
            let address = Address::new(&format!("127.0.0.1:{}", 1000 + id)).unwrap();
            service.nodes.push(Node::new(format!("s-{id}"), address));
        }
        let clock = Clock::manual();
        let health = HealthOptions::default().with_clock(clock.clone());
        let nodes = Snapshot::from_services_with(None, &[service], &health);
        Self { clock, nodes, answers, under_way: BTreeMap::new(), calls: 0 }
    }

    fn call(&mut self, selector: &dyn Selector) -> usize {
        let pick = selector.pick(&self.nodes, &Hint::new("S.Call")).unwrap();
        let node = pick.index();
        let (lasts, outcome) = self.answers[node](self.clock.now());
        self.calls += 1;
        self.under_way.insert((self.clock.now() + lasts, self.calls), (pick, outcome));
        node
    }

    /// Ends what has ended by then, and moves the clock there.
    fn until(&mut self, then: Duration) {
        while let Some(entry) = self.under_way.first_entry()
            && entry.key().0 <= then
        {
            let ((end, _), (pick, outcome)) = entry.remove_entry();
            self.clock.advance(end.saturating_sub(self.clock.now()));
            pick.done(outcome);
        }
        self.clock.advance(then.saturating_sub(self.clock.now()));
    }

    /// So many calls a second, whatever comes back. Gives the part of the calls that each node got.
    fn open(&mut self, selector: &dyn Selector, rate: u32, lasts: Duration) -> [f64; 4] {
        let end = self.clock.now() + lasts;
        let mut counts = [0; 4];
        while self.clock.now() < end {
            counts[self.call(selector)] += 1;
            self.until(self.clock.now() + SECOND / rate);
        }
        parts(counts)
    }

    /// So many callers, each of which calls again when it was answered.
    fn closed(&mut self, selector: &dyn Selector, callers: usize, lasts: Duration) -> [f64; 4] {
        let end = self.clock.now() + lasts;
        let mut counts = [0; 4];
        while self.clock.now() < end {
            while self.under_way.len() < callers {
                counts[self.call(selector)] += 1;
            }
            let next = self.under_way.keys().next().unwrap().0;
            self.until(next);
        }
        parts(counts)
    }
}

fn parts(counts: [u32; 4]) -> [f64; 4] {
    let all = counts.iter().sum::<u32>();
    counts.map(|count| f64::from(count) / f64::from(all))
}

/// The loads under which the figures hold: few calls under way, and many.
fn loads(
    callers: usize,
    world: impl Fn() -> World,
    check: impl Fn(&str, &mut dyn FnMut(Duration) -> [f64; 4]),
) {
    let (mut few, mut many) = (world(), world());
    check("1,000 calls/s", &mut |lasts| few.open(&P2c::new(), 1_000, lasts));
    check("many callers", &mut |lasts| many.closed(&P2c::new(), callers, lasts));
}

#[test]
fn a_connection_that_had_to_be_made_is_not_held_against_its_node() {
    let world = World::new([FINE; 4]);
    let pick = P2c::new().pick(&world.nodes, &Hint::new("S.Call")).unwrap();
    let node = world.nodes.nodes[pick.index()].clone();
    world.clock.advance(SECOND);
    let pick = pick.connected();
    world.clock.advance(MS);
    pick.done(Outcome::Ok);
    assert_eq!(node.latency(), Some(MS));
}

#[test]
fn equal_nodes_share_alike() {
    loads(
        64,
        || World::new([FINE; 4]),
        |load, run| {
            run(2 * SECOND);
            let parts = run(3 * SECOND);
            assert!(parts.iter().all(|part| (0.1..0.4).contains(part)), "{load}: {parts:?}");
        },
    );
}

#[test]
fn a_node_that_fails_at_once_gets_hardly_any_calls() {
    let bad: [Answers; 4] = [
        |_| (MS / 10, failed(Code::Unavailable)),
        |_| (MS / 10, failed(Code::Internal)),
        |_| (MS / 10, Outcome::Failed { code: Code::Unavailable, reached: false }),
        |_| (MS / 10, Outcome::Failed { code: Code::ResourceExhausted, reached: false }),
    ];
    for (number, bad) in bad.into_iter().enumerate() {
        loads(
            64,
            || World::new([FINE, bad, FINE, FINE]),
            |load, run| {
                run(2 * SECOND);
                let parts = run(3 * SECOND);
                println!("failure {number}, {load}: {:.2} %", parts[1] * 100.0);
                assert!(parts[1] < 0.02, "{load}, failure {number}: {parts:?}");
            },
        );
    }
}

#[test]
fn a_node_that_answers_5_ms_slower_gets_few_calls() {
    loads(
        64,
        || World::new([FINE, FINE, FINE, |_| (5 * MS + jitter(MS), Outcome::Ok)]),
        |load, run| {
            run(2 * SECOND);
            let parts = run(3 * SECOND);
            println!("slower, {load}: {:.2} %", parts[3] * 100.0);
            assert!(parts[3] < 0.1, "{load}: {parts:?}");
        },
    );
}

/// On a machine that stands still for 20 ms now and then, when all calls under way are late, the fast nodes are not
/// taken for slow for longer than they are.
#[test]
fn a_machine_that_hiccups_misleads_it_for_a_moment_only() {
    fn late(now: Duration, lasts: Duration) -> (Duration, Outcome) {
        let standstill = now.as_millis() as u32 % 1_000;
        let late = if standstill < 20 { (20 - standstill) * MS } else { Duration::ZERO };
        (late + lasts, Outcome::Ok)
    }
    const NOW_AND_THEN: Answers = |now| late(now, jitter(MS));
    loads(
        64,
        || World::new([NOW_AND_THEN, NOW_AND_THEN, NOW_AND_THEN, |now| late(now, 5 * MS + jitter(MS))]),
        |load, run| {
            run(2 * SECOND);
            let parts = run(3 * SECOND);
            println!("slower, {load}: {:.2} %", parts[3] * 100.0);
            assert!(parts[3] < 0.1, "{load}: {parts:?}");
        },
    );
}

#[test]
fn a_node_that_was_bad_has_its_share_again_within_15_s() {
    let bad: [Answers; 4] = [
        |now| if now < 5 * SECOND { (MS / 10, failed(Code::Internal)) } else { FINE(now) },
        |now| if now < 5 * SECOND { (MS / 10, failed(Code::Unavailable)) } else { FINE(now) },
        |now| (if now < 5 * SECOND { 6 * MS } else { jitter(MS) }, Outcome::Ok),
        |now| (if now < 5 * SECOND { 100 * MS } else { jitter(MS) }, Outcome::Ok),
    ];
    for (number, bad) in bad.into_iter().enumerate() {
        loads(
            16,
            || World::new([bad, FINE, FINE, FINE]),
            |load, run| {
                let before = run(5 * SECOND);
                assert!(before[0] < 0.2, "{load}, {number}: {before:?}");
                run(15 * SECOND);
                let parts = run(3 * SECOND);
                assert!(parts[0] > 0.1, "{load}, {number}: {parts:?}");
            },
        );
    }
}

/// A node that says nothing gets only what has to find that out.
#[test]
fn an_unknown_node_is_not_flooded() {
    let mut world = World::new([FINE, |_| (3_600 * SECOND, Outcome::Ok), FINE, FINE]);
    let parts = world.open(&P2c::new(), 1_000, SECOND);
    assert!(parts[1] < 0.005, "{parts:?}");
}

/// A stopped process among three, calls with a deadline of two seconds: after three seconds only probes go there.
#[test]
fn a_stopped_node_gets_only_probes_whatever_the_strategy() {
    const STOPPED: Answers = |now| {
        if (5 * SECOND..15 * SECOND).contains(&now) {
            (2 * SECOND, failed(Code::DeadlineExceeded))
        } else {
            FINE(now)
        }
    };
    let selectors: [&dyn Selector; 4] = [&Random::new(), &RoundRobin::new(), &LeastConn::new(), &P2c::new()];
    for selector in selectors {
        let name = selector.name();
        let mut world = World::new([FINE, STOPPED, FINE, FINE]);
        world.open(selector, 1_000, 5 * SECOND);
        world.open(selector, 1_000, 3 * SECOND);
        let probes = world.open(selector, 1_000, 7 * SECOND)[1] * 7_000.0;
        println!("{name}: {probes:.0} probes in 7 s");
        assert!(probes <= 4.0, "{name}: {probes} calls went to a node that is ejected");
        // It answers again: the next probe, after the ejection and its own two seconds, brings it back.
        let mut back = None;
        for second in 0..20 {
            let parts = world.open(selector, 1_000, SECOND);
            if parts[1] > 0.15 {
                back = Some(second);
                break;
            }
        }
        assert!(back.is_some_and(|second| second < 18), "{name}: {back:?}, {:?}", world.nodes);
    }
}
