mod flaky;
mod limits;
mod model;
mod outage;

use std::sync::atomic::Ordering;

use micro_core::{Address, Code};
use tokio::time::{sleep, timeout};

use self::flaky::Flaky;
use super::*;
use crate::{Memory, Node, RegisterOptions, Service};

fn service(name: &str, id: &str) -> Service {
    Service::new(name, "latest").with_node(Node::new(id, Address::new("127.0.0.1:1").unwrap()))
}

async fn register(registry: &Memory, service: &Service) {
    registry.register(service, &RegisterOptions::new(Duration::ZERO)).await.unwrap();
}

fn ids(view: &View) -> Vec<&str> {
    view.services.iter().flat_map(|service| &service.nodes).map(|node| &*node.id).collect()
}

fn cache(flaky: &Flaky) -> Cache {
    Cache::new(Arc::new(flaky.clone()))
}

#[tokio::test(start_paused = true)]
async fn many_callers_share_one_watch_and_ask_nothing() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let cache = Arc::new(cache(&flaky));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let cache = cache.clone();
        callers.spawn(async move { cache.lookup("a").ready().await.unwrap().services.len() });
    }
    assert_eq!(callers.join_all().await, [1; 100]);
    assert_eq!((flaky.watches.load(Ordering::SeqCst), flaky.gets.load(Ordering::SeqCst)), (1, 0));
    assert_eq!((cache.watched(), flaky.open()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn changes_arrive() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    let view = entry.ready().await.unwrap();
    register(&flaky.memory, &service("a", "a-2")).await;
    let view = entry.changed(view.version).await.unwrap();
    assert_eq!(ids(&view), ["a-1", "a-2"]);
    flaky.memory.deregister(&service("a", "a-1")).await.unwrap();
    let view = entry.changed(view.version).await.unwrap();
    assert_eq!(ids(&view), ["a-2"]);
    flaky.memory.deregister(&service("a", "a-2")).await.unwrap();
    let view = entry.changed(view.version).await.unwrap();
    assert!(view.services.is_empty() && !view.is_stale());
    assert_eq!(entry.ready().await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_view_knows_whether_it_is_the_last_one() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let cache = cache(&flaky);
    let first = cache.lookup("a").ready().await.unwrap();
    register(&flaky.memory, &service("a", "a-2")).await;
    let second = cache.lookup("a").changed(first.version).await.unwrap();
    assert!(!first.is_current() && second.is_current() && second.clone().is_current());
    // Who asks uses the name: it is watched for as long, and forgotten some time after.
    for _ in 0..20 {
        sleep(Duration::from_secs(30)).await;
        assert!(second.is_current());
    }
    assert_eq!((cache.watched(), flaky.watches.load(Ordering::SeqCst)), (1, 1));
    sleep(Duration::from_secs(100)).await;
    assert_eq!(cache.watched(), 0);
    assert!(!second.is_current(), "nobody would tell of a newer one");
    let third = cache.lookup("a").ready().await.unwrap();
    assert!(third.is_current() && !second.is_current());
    drop(cache);
    sleep(Duration::from_secs(1)).await;
    assert!(!third.is_current());
}

#[tokio::test(start_paused = true)]
async fn errors_empty_nothing_and_answers_replace() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    let before = entry.ready().await.unwrap();
    flaky.fail();
    let view = entry.changed(before.version).await.unwrap();
    assert_eq!(ids(&view), ["a-1"]);
    assert!(view.is_stale());
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(ids(&entry.ready().await.unwrap()), ["a-1"]);
    // It backs off: not more often than every 10 s at the most, and it has not given up.
    let attempts = flaky.watches.load(Ordering::SeqCst);
    assert!((300..1500).contains(&attempts), "{attempts} attempts in an hour");
    flaky.memory.deregister(&service("a", "a-1")).await.unwrap();
    register(&flaky.memory, &service("a", "a-2")).await;
    flaky.recover();
    sleep(Duration::from_secs(11)).await;
    let view = entry.ready().await.unwrap();
    assert_eq!(ids(&view), ["a-2"]);
    assert!(!view.is_stale());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_fails_at_first_is_the_error_and_is_asked_again() {
    let flaky = Flaky::default();
    flaky.fail();
    let cache = cache(&flaky);
    let error = cache.lookup("a").ready().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.detail(), "service `a` could not be looked up in registry flaky (a test): it is down");
    assert!(!error.reached());
    register(&flaky.memory, &service("a", "a-1")).await;
    flaky.recover();
    // Whatever the back-off has come to, a caller that asks after a second is answered.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(ids(&cache.lookup("a").ready().await.unwrap()), ["a-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_silent_registry_is_an_error_after_a_while() {
    let flaky = Flaky::default();
    flaky.silent.store(true, Ordering::SeqCst);
    let error = cache(&flaky).lookup("a").ready().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("has not answered within 5s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn that_a_name_is_unknown_is_known_for_a_second() {
    let flaky = Flaky::default();
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    for _ in 0..10 {
        let error = entry.ready().await.unwrap_err();
        assert_eq!(error.detail(), "service `a` is not known to registry flaky (a test)");
        assert_eq!((error.code(), error.reached()), (Code::NotFound, false));
    }
    assert_eq!(flaky.gets.load(Ordering::SeqCst), 0);
    sleep(Duration::from_secs(2)).await;
    for _ in 0..10 {
        assert!(entry.ready().await.is_err());
    }
    assert_eq!(flaky.gets.load(Ordering::SeqCst), 1);
    // What the watch has missed is found by asking, and watched again.
    flaky.deaf.store(true, Ordering::SeqCst);
    register(&flaky.memory, &service("a", "a-1")).await;
    sleep(Duration::from_secs(2)).await;
    assert!(entry.current().unwrap().services.is_empty());
    flaky.deaf.store(false, Ordering::SeqCst);
    assert_eq!(ids(&entry.ready().await.unwrap()), ["a-1"]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!((flaky.watches.load(Ordering::SeqCst), flaky.open()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_woken_when_the_service_appears() {
    let flaky = Flaky::default();
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    let waiting = tokio::spawn(async move { entry.available().await.map(|view| ids(&view).join(" ")) });
    sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    let start = tokio::time::Instant::now();
    register(&flaky.memory, &service("a", "a-1")).await;
    assert_eq!(waiting.await.unwrap().unwrap(), "a-1");
    assert!(start.elapsed() < Duration::from_millis(10), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_when_nobody_uses_it() {
    let flaky = Flaky::default();
    let cache = cache(&flaky);
    for _ in 0..20 {
        let _ = cache.lookup("a").ready().await;
        sleep(Duration::from_secs(30)).await;
    }
    assert_eq!((flaky.watches.load(Ordering::SeqCst), flaky.open()), (1, 1));
    let held = cache.lookup("held");
    sleep(Duration::from_secs(80)).await;
    assert_eq!((cache.watched(), flaky.open()), (1, 1), "one is held, one is not");
    drop(held);
    sleep(Duration::from_secs(80)).await;
    assert_eq!((cache.watched(), flaky.open()), (0, 0));
    register(&flaky.memory, &service("a", "a-1")).await;
    assert_eq!(ids(&cache.lookup("a").ready().await.unwrap()), ["a-1"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_cache_ends_all_and_tells_who_waits() {
    let flaky = Flaky::default();
    let cache = cache(&flaky);
    let entries = ["a", "b", "c"].map(|name| cache.lookup(name));
    for entry in &entries {
        let _ = entry.ready().await;
    }
    assert_eq!(flaky.open(), 3);
    let entry = entries[0].clone();
    let waiting = tokio::spawn(async move { entry.available().await.map(|_| ()) });
    sleep(Duration::from_millis(1)).await;
    drop(cache);
    let error = timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(flaky.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_watches_is_asked() {
    let flaky = Flaky::default();
    flaky.unwatchable.store(true, Ordering::SeqCst);
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    assert_eq!(entry.ready().await.unwrap_err().code(), Code::NotFound);
    register(&flaky.memory, &service("a", "a-1")).await;
    assert_eq!(ids(&entry.available().await.unwrap()), ["a-1"]);
    register(&flaky.memory, &service("a", "a-2")).await;
    sleep(Duration::from_secs(6)).await;
    assert_eq!(ids(&entry.ready().await.unwrap()), ["a-1", "a-2"]);
    flaky.fail();
    sleep(Duration::from_secs(6)).await;
    let view = entry.ready().await.unwrap();
    assert_eq!((ids(&view), view.is_stale()), (vec!["a-1", "a-2"], true));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_panics_costs_nothing_of_what_is_known() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    flaky.panics.store(true, Ordering::SeqCst);
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    assert_eq!(entry.ready().await.unwrap_err().code(), Code::Internal);
    flaky.panics.store(false, Ordering::SeqCst);
    let view = entry.available().await.unwrap();
    flaky.panics.store(true, Ordering::SeqCst);
    flaky.fail();
    let view = entry.changed(view.version).await.unwrap();
    let view = entry.changed(view.version).await.unwrap();
    assert_eq!((ids(&view), view.is_stale()), (vec!["a-1"], true));
    assert_eq!((cache.watched(), flaky.open()), (1, 0));
}

#[test]
fn a_name_is_watched_anew_when_the_runtime_of_its_watch_is_gone() {
    let flaky = Flaky::default();
    let cache = cache(&flaky);
    for id in ["a-1", "a-2"] {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            register(&flaky.memory, &service("a", id)).await;
            assert!(ids(&cache.lookup("a").ready().await.unwrap()).contains(&id));
        });
    }
}
