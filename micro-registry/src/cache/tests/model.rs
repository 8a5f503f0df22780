//! What the cache knows, against a model, under events in random order.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::flaky::Flaky;
use super::{cache, register, service};
use crate::cache::machine::Machine;
use crate::{Event, Registry, Removal, Service};

/// Nodes by id, with their version.
type Model = BTreeMap<String, String>;

fn record(id: &str, version: &str) -> Service {
    Service { version: version.to_owned(), ..service("a", id) }
}

fn flat(services: &[Service]) -> Model {
    let mut model = Model::new();
    for service in services {
        for node in &service.nodes {
            assert!(
                model.insert(node.id.clone(), service.version.clone()).is_none(),
                "{} is there twice",
                node.id
            );
        }
    }
    model
}

/// What the machine should know, in the plainest words.
#[derive(Default)]
struct Expected {
    known: Model,
    incoming: Option<Model>,
    /// Those that went without having been deregistered: their version, and how long they have been gone.
    gone: BTreeMap<String, (String, Duration)>,
    doubted: bool,
    lost: bool,
}

impl Expected {
    fn went(&mut self, gone: Model) {
        self.doubted |= gone.len() > self.known.len();
        self.gone.extend(gone.into_iter().map(|(id, version)| (id, (version, Duration::ZERO))));
    }

    fn replaced(&mut self, by: Model) {
        let mut gone = std::mem::replace(&mut self.known, by);
        gone.retain(|id, _| !self.known.contains_key(id));
        self.lost = false;
        self.went(gone);
    }

    /// What holds after each step.
    fn settle(&mut self) {
        self.gone.retain(|id, _| !self.known.contains_key(id));
        self.doubted &= self.gone.len() > self.known.len();
    }

    fn passed(&mut self, time: Duration) {
        if !self.lost {
            self.gone.values_mut().for_each(|(_, since)| *since += time);
            self.gone.retain(|_, (_, since)| *since < GRACE);
        }
        self.doubted &= !self.gone.is_empty();
    }

    fn shown(&self) -> Model {
        let mut shown = self.known.clone();
        if self.doubted {
            shown.extend(self.gone.iter().map(|(id, (version, _))| (id.clone(), version.clone())));
        }
        shown
    }
}

const GRACE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn the_machine_does_as_the_model() {
    let (mut doubts, mut emptied) = (0, 0);
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut machine = Machine::new("a", GRACE);
        let (mut expected, mut now) = (Expected::default(), Instant::now());
        for step in 0..200 {
            let id = format!("a-{}", random.u8(..6));
            let version = random.u8(1..4).to_string();
            let before = flat(&machine.services());
            // Only these may leave nothing: what nodes say of themselves, and the time.
            let mut may_empty = false;
            match random.u8(..22) {
                0 | 1 => {
                    machine.begun();
                    expected.incoming = Some(Model::new());
                }
                2 => {
                    machine.lost(now);
                    (expected.incoming, expected.lost) = (None, true);
                }
                3..6 => {
                    assert!(machine.told(Event::Synced, now));
                    if let Some(incoming) = expected.incoming.take() {
                        expected.replaced(incoming);
                    }
                }
                6..13 => {
                    let published = machine.told(Event::Put(record(&id, &version)), now);
                    assert_eq!(published, expected.incoming.is_none());
                    expected.incoming.as_mut().unwrap_or(&mut expected.known).insert(id, version);
                }
                number @ 13..18 => {
                    let why =
                        [Removal::Deregistered, Removal::Expired, Removal::Unknown][usize::from(number) % 3];
                    let node = record(&id, &version).nodes.remove(0);
                    let service = "a".to_owned();
                    machine.told(Event::Remove { service, version: version.clone(), node, why }, now);
                    if why == Removal::Deregistered {
                        may_empty = true;
                        expected.known.retain(|of, is| *of != id || *is != version);
                        expected.gone.retain(|of, (is, _)| *of != id || *is != version);
                        assert_ne!(flat(&machine.services()).get(&id), Some(&version), "it has left");
                    }
                    let nodes = expected.incoming.as_mut().unwrap_or(&mut expected.known);
                    if nodes.get(&id) == Some(&version) {
                        nodes.remove(&id);
                        if expected.incoming.is_none() {
                            expected.went(Model::from([(id, version)]));
                        }
                    }
                }
                18 => {
                    machine.answered(vec![record(&id, &version)], now);
                    expected.replaced(Model::from([(id, version)]));
                }
                19 | 20 => {
                    may_empty = true;
                    let time = Duration::from_secs(random.u64(..40));
                    now += time;
                    expected.passed(time);
                    let changed = machine.expire(now);
                    assert_eq!(changed, flat(&machine.services()) != before, "seed {seed}, step {step}");
                    assert!(machine.next_end().is_none_or(|end| end > now), "it is looked at in vain");
                }
                _ => assert!(!machine.told(Event::Put(service("b", "b-1")), now), "of another name"),
            }
            expected.settle();
            let shown = flat(&machine.services());
            assert_eq!(shown, expected.shown(), "seed {seed}, step {step}");
            assert_eq!(machine.is_synced(), expected.incoming.is_none());
            assert_eq!(machine.is_empty(), shown.is_empty());
            assert_eq!(machine.suspects() > 0, expected.doubted);
            assert!(!shown.is_empty() || before.is_empty() || may_empty, "emptied: seed {seed}, step {step}");
            doubts += usize::from(expected.doubted);
            emptied += usize::from(shown.is_empty() && !before.is_empty());
        }
    }
    assert!(doubts > 1_000 && emptied > 10, "{doubts} steps in doubt, {emptied} times empty: try others");
}

/// The whole cache over a registry that comes and goes: a node that never left is always served, and when the registry
/// is well again the cache knows what it knows.
#[tokio::test(start_paused = true)]
async fn the_cache_ends_up_knowing_what_the_registry_knows() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let flaky = Flaky::default();
        register(&flaky.memory, &service("a", "anchor")).await;
        let cache = cache(&flaky);
        let entry = cache.lookup("a");
        entry.ready().await.unwrap();
        for step in 0..60 {
            let node = service("a", &format!("a-{}", random.u8(..5)));
            match random.u8(..8) {
                0 | 1 => register(&flaky.memory, &node).await,
                2 | 3 => flaky.memory.deregister(&node).await.unwrap(),
                4 => flaky.fail(),
                5 => flaky.recover(),
                // A watch that is lost for a moment only.
                6 => {
                    flaky.fail();
                    flaky.recover();
                }
                _ => sleep(Duration::from_millis(random.u64(..20_000))).await,
            }
            tokio::task::yield_now().await;
            let view = entry.ready().await.unwrap();
            assert!(flat(&view.services).contains_key("anchor"), "seed {seed}, step {step}: {view:?}");
        }
        flaky.recover();
        // What went while nobody could be told is gone when the grace is over.
        sleep(Duration::from_secs(20) + GRACE).await;
        let view = entry.ready().await.unwrap();
        assert_eq!(view.services, flaky.memory.get("a").await.unwrap(), "seed {seed}");
        assert!(!view.is_stale());
        assert_eq!(flaky.open(), 1);
        drop((entry, cache));
        sleep(Duration::from_millis(1)).await;
        assert_eq!(flaky.open(), 0);
        assert_eq!(flaky.gets.load(Ordering::SeqCst), 0, "a healthy watch needs no questions");
    }
}
