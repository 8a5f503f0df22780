//! What the cache knows, against a model, under events in random order.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;

use super::flaky::Flaky;
use super::{cache, register, service};
use crate::cache::machine::Machine;
use crate::{Event, Registry, Service};

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

#[test]
fn the_machine_does_as_the_model() {
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut machine = Machine::new("a");
        let (mut known, mut incoming) = (Model::new(), None::<Model>);
        for step in 0..200 {
            let id = format!("a-{}", random.u8(..6));
            let version = random.u8(1..4).to_string();
            let shown = machine.services();
            let mut authoritative = false;
            match random.u8(..20) {
                0 => {
                    machine.begun();
                    incoming = Some(Model::new());
                }
                1 => {
                    machine.lost();
                    incoming = None;
                }
                2..5 => {
                    assert!(machine.told(Event::Synced));
                    known = incoming.take().unwrap_or(known);
                    authoritative = true;
                }
                5..13 => {
                    let published = machine.told(Event::Put(record(&id, &version)));
                    assert_eq!(published, incoming.is_none());
                    incoming.as_mut().unwrap_or(&mut known).insert(id, version);
                }
                13..18 => {
                    let node = record(&id, &version).nodes.remove(0);
                    machine.told(Event::Remove { service: "a".to_owned(), version: version.clone(), node });
                    let nodes = incoming.as_mut().unwrap_or(&mut known);
                    if nodes.get(&id) == Some(&version) {
                        nodes.remove(&id);
                    }
                    authoritative = incoming.is_none();
                }
                18 => {
                    machine.answered(vec![record(&id, &version)]);
                    known = Model::from([(id, version)]);
                    authoritative = true;
                }
                _ => assert!(!machine.told(Event::Put(service("b", "b-1"))), "of another name"),
            }
            assert_eq!(flat(&machine.services()), known, "seed {seed}, step {step}");
            assert_eq!(machine.is_synced(), incoming.is_none());
            assert_eq!(machine.is_empty(), known.is_empty());
            if shown.iter().any(|service| !service.nodes.is_empty()) && !authoritative {
                assert!(!machine.is_empty(), "emptied without an answer: seed {seed}, step {step}");
            }
        }
    }
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
        sleep(Duration::from_secs(20)).await;
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
