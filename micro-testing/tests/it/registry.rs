use std::sync::Arc;
use std::time::Duration;

use micro::registry::conformance::Promises;
use micro::registry::{Event, Memory, Node, RegisterOptions, Registry, Service};
use micro::{Address, Code, Result};
use micro_testing::registry::{Method, Mode, Script, Scripted};
use tokio::time::{Instant, sleep, timeout};

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_secs(20);

// A registry that nothing happens to is one like any other.
micro::registry::conformance_tests!(scripted, Promises::all(), async {
    Scripted::over(Arc::new(Memory::new()))
});

fn scripted() -> Scripted {
    Scripted::over(Arc::new(Memory::new()))
}

fn service(name: &str, id: &str) -> Service {
    Service::new(name, "1").with_node(Node::new(id, Address::new("127.0.0.1:4711").unwrap()))
}

async fn register(registry: &Scripted, name: &str, id: &str) -> Result<()> {
    registry.register(&service(name, id), &RegisterOptions::default()).await
}

fn put(event: Result<Event>) -> String {
    match event.unwrap() {
        Event::Put(service) => service.nodes[0].id.clone(),
        event => panic!("not a node: {event:?}"),
    }
}

#[tokio::test]
async fn down_every_call_and_watch_fails_at_once() {
    let registry = scripted();
    register(&registry, "greeter", "g1").await.unwrap();
    let mut watch = registry.watch(None).await.unwrap();
    assert_eq!(put(watch.next().await), "g1");
    assert_eq!(watch.next().await.unwrap(), Event::Synced);
    let waiting = tokio::spawn(async move { watch.next().await });
    let mut unread = registry.watch(None).await.unwrap();

    registry.set(Mode::Down).await.unwrap();
    assert_eq!(registry.mode(), Mode::Down);
    assert_eq!(register(&registry, "greeter", "g2").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(registry.deregister(&service("greeter", "g1")).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(registry.get("greeter").await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(registry.list().await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(registry.watch(None).await.err().unwrap().code(), Code::Unavailable);
    let lost = timeout(LIMIT, waiting).await.unwrap().unwrap();
    assert_eq!(lost.unwrap_err().code(), Code::Unavailable);

    registry.set(Mode::Up).await.unwrap();
    assert_eq!(registry.get("greeter").await.unwrap()[0].nodes[0].id, "g1", "it kept its data");
    // It was lost while nobody read it.
    assert_eq!(timeout(LIMIT, unread.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
    assert_eq!(put(registry.watch(None).await.unwrap().next().await), "g1");
}

#[tokio::test]
async fn hanging_calls_and_watches_wait_and_go_on() {
    let registry = scripted();
    register(&registry, "greeter", "g1").await.unwrap();
    let mut watch = registry.watch(None).await.unwrap();
    registry.set(Mode::Hang).await.unwrap();
    assert!(timeout(50 * MS, watch.next()).await.is_err());
    assert!(timeout(50 * MS, registry.get("greeter")).await.is_err());
    assert!(timeout(50 * MS, registry.list()).await.is_err());
    assert!(timeout(50 * MS, registry.watch(None)).await.is_err());
    assert!(timeout(50 * MS, registry.deregister(&service("greeter", "g1"))).await.is_err());
    let late = registry.clone();
    let late = tokio::spawn(async move { register(&late, "greeter", "g2").await });
    sleep(50 * MS).await;
    assert!(!late.is_finished());

    registry.set(Mode::Up).await.unwrap();
    timeout(LIMIT, late).await.unwrap().unwrap().unwrap();
    assert_eq!(put(watch.next().await), "g1", "the watch goes on where it was");
    assert_eq!(watch.next().await.unwrap(), Event::Synced);
    assert_eq!(put(watch.next().await), "g2");
    assert_eq!(registry.list().await.unwrap(), ["greeter"], "what was given up did not happen");

    // What hangs fails when the registry goes away instead.
    registry.set(Mode::Hang).await.unwrap();
    let hangs = registry.clone();
    let hangs = tokio::spawn(async move { hangs.list().await });
    sleep(20 * MS).await;
    registry.set(Mode::Down).await.unwrap();
    assert_eq!(timeout(LIMIT, hangs).await.unwrap().unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn stale_it_tells_what_it_knew() {
    let registry = scripted();
    register(&registry, "greeter", "g1").await.unwrap();
    let mut before = registry.watch(Some("greeter")).await.unwrap();
    assert_eq!(put(before.next().await), "g1");
    assert_eq!(before.next().await.unwrap(), Event::Synced);

    registry.set(Mode::Stale).await.unwrap();
    registry.deregister(&service("greeter", "g1")).await.unwrap();
    register(&registry, "greeter", "g2").await.unwrap();
    register(&registry, "other", "o1").await.unwrap();
    assert_eq!(registry.get("greeter").await.unwrap()[0].nodes[0].id, "g1");
    assert_eq!(registry.get("other").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(registry.list().await.unwrap(), ["greeter"]);
    assert!(timeout(50 * MS, before.next()).await.is_err());
    let mut meanwhile = registry.watch(Some("greeter")).await.unwrap();
    assert_eq!(put(meanwhile.next().await), "g1");
    assert_eq!(meanwhile.next().await.unwrap(), Event::Synced);
    assert!(timeout(50 * MS, meanwhile.next()).await.is_err());

    registry.set(Mode::Up).await.unwrap();
    assert_eq!(registry.get("greeter").await.unwrap()[0].nodes[0].id, "g2");
    assert_eq!(registry.list().await.unwrap(), ["greeter", "other"]);
    let told = timeout(LIMIT, before.next()).await.unwrap().unwrap();
    assert!(matches!(told, Event::Remove { node, .. } if node.id == "g1"));
    assert_eq!(put(before.next().await), "g2");
    assert_eq!(timeout(LIMIT, meanwhile.next()).await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn it_forgets_and_learns_again() {
    let registry = scripted();
    for (name, id) in [("greeter", "g1"), ("greeter", "g2"), ("other", "o1")] {
        register(&registry, name, id).await.unwrap();
    }
    let mut watch = registry.watch(None).await.unwrap();
    registry.forget().await.unwrap();
    assert!(registry.list().await.unwrap().is_empty());
    assert_eq!(registry.get("greeter").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(watch.next().await.unwrap_err().code(), Code::Unavailable, "before anything it would tell");
    register(&registry, "greeter", "g2").await.unwrap();
    assert_eq!(registry.list().await.unwrap(), ["greeter"]);
}

#[tokio::test]
async fn a_script_is_played_in_time() {
    let registry = scripted();
    register(&registry, "greeter", "g1").await.unwrap();
    let script = Script::new()
        .then(Mode::Down, 100 * MS)
        .forget()
        .flap(3, 100 * MS, 100 * MS)
        .then(Mode::Hang, Duration::ZERO);
    let asks = registry.clone();
    let start = Instant::now();
    let player = tokio::spawn(async move { registry.play(script).await });
    let mut changes = Vec::new();
    while !player.is_finished() {
        assert!(start.elapsed() < LIMIT);
        if changes.last() != Some(&asks.mode()) {
            changes.push(asks.mode());
        }
        sleep(MS).await;
    }
    player.await.unwrap().unwrap();
    assert!(start.elapsed() >= 700 * MS);
    changes.retain(|mode| *mode != Mode::Hang);
    // It may be seen before the script begins.
    let seen = changes.strip_prefix(&[Mode::Up]).unwrap_or(&changes);
    assert_eq!(seen, [Mode::Down, Mode::Up, Mode::Down, Mode::Up, Mode::Down, Mode::Up]);
    assert_eq!(asks.mode(), Mode::Hang, "as the script leaves it");
    asks.set(Mode::Up).await.unwrap();
    assert!(asks.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn calls_are_counted_also_those_that_fail() {
    let registry = scripted();
    register(&registry, "greeter", "g1").await.unwrap();
    registry.set(Mode::Down).await.unwrap();
    for _ in 0..5 {
        registry.watch(None).await.err().unwrap();
    }
    registry.get("greeter").await.unwrap_err();
    let counts = |registry: &Scripted| {
        [Method::Register, Method::Deregister, Method::Get, Method::List, Method::Watch]
            .map(|method| registry.calls(method))
    };
    assert_eq!(counts(&registry), [1, 0, 1, 0, 5]);
    assert_eq!(registry.most_calls_within(LIMIT, Method::Watch), 5);
    sleep(50 * MS).await;
    registry.watch(None).await.err().unwrap();
    assert_eq!(registry.calls(Method::Watch), 6);
    assert!(registry.most_calls_within(40 * MS, Method::Watch) <= 5);
    registry.reset_calls();
    assert_eq!(counts(&registry), [0; 5]);
}
