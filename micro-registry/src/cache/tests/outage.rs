//! What a registry may do to a cache, and what the cache does then.

use std::sync::atomic::Ordering;

use micro_net::Backoff;
use tokio::time::Instant;

use super::flaky::Flaky;
use super::*;
use crate::said::Said;
use crate::{Registration, RegistrationOptions};

const TTL: Duration = Duration::from_secs(5);

/// Five services and a caller who looks them up all the time: how often one of them had no node.
struct Five {
    flaky: Flaky,
    cache: Cache,
    services: Vec<Registration>,
}

const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];

impl Five {
    async fn new() -> Self {
        Self::with(CacheOptions::default()).await
    }

    async fn with(cache: CacheOptions) -> Self {
        let flaky = Flaky::default();
        let registry = Arc::new(flaky.clone());
        let options = RegistrationOptions {
            ttl: TTL,
            interval: Duration::from_secs(1),
            ..RegistrationOptions::default()
        };
        let start = |name| {
            Registration::start(registry.clone(), service(name, &format!("{name}-1")), options.clone())
        };
        let services = NAMES.into_iter().map(start).collect();
        let cache = Cache::with_options(Arc::new(flaky.clone()), cache);
        let five = Self { flaky, cache, services };
        for name in NAMES {
            five.cache.lookup(name).available().await.unwrap();
        }
        five
    }

    /// Looks all up every 10 ms for so long. None may be missed.
    async fn call(&self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            for name in NAMES {
                let view = self.cache.lookup(name).current().unwrap();
                assert_eq!(
                    ids(&view),
                    [format!("{name}-1")],
                    "{name} at {:?} before the end",
                    end - Instant::now()
                );
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Forgets everything, as one that starts again without its data.
    async fn lose(&self) {
        for name in self.flaky.memory.list().await.unwrap() {
            for service in self.flaky.memory.get(&name).await.unwrap() {
                self.flaky.memory.deregister(&service).await.unwrap();
            }
        }
    }

    /// All are listed, and nobody doubts it, soon enough after the end of an outage.
    async fn all_is_well(&self) {
        // What is left of a wait of at most 1 s, an attempt that was under way, and the next one.
        self.call(TTL + Duration::from_secs(1)).await;
        assert_eq!(self.flaky.memory.list().await.unwrap(), ["five", "four", "one", "three", "two"]);
        // The waits of the watches go up to 10 s.
        self.call(Duration::from_secs(10)).await;
        for name in NAMES {
            let view = self.cache.lookup(name).current().unwrap();
            assert!(matches!(view.freshness, Freshness::Fresh), "{view:?}");
        }
        assert!(self.services.iter().all(|one| one.state() == crate::RegistrationState::Registered));
        assert_eq!(self.flaky.open(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_comes_back_with_nothing_costs_no_call() {
    // The watches resume before the services have registered again, whose waits go up to their interval of 1 s.
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(100));
    let five = Five::with(CacheOptions { backoff, ..CacheOptions::default() }).await;
    five.flaky.fail();
    five.call(3 * TTL).await;
    five.lose().await;
    five.flaky.recover();
    five.all_is_well().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_flaps_costs_no_call() {
    let five = Five::new().await;
    for _ in 0..10 {
        five.flaky.fail();
        five.call(Duration::from_secs(5)).await;
        five.lose().await;
        five.flaky.recover();
        five.call(Duration::from_secs(5)).await;
    }
    // In 100 s: 500 registrations without a fault, and an average wait of half a second in an outage.
    let (watches, registrations) = (&five.flaky.watches, &five.flaky.registrations);
    let asked = (watches.load(Ordering::SeqCst), registrations.load(Ordering::SeqCst));
    assert!(asked.0 < 500 && asked.1 < 1_500, "watches and registrations: {asked:?}");
    five.all_is_well().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_hangs_costs_no_call() {
    let five = Five::new().await;
    five.flaky.hang(true);
    five.call(3 * TTL).await;
    assert!(five.flaky.memory.list().await.unwrap().is_empty(), "all has expired, and is told now");
    five.flaky.hang(false);
    five.all_is_well().await;
}

/// A watched service of that many nodes.
async fn many(flaky: &Flaky, nodes: usize) -> (Cache, Arc<Entry>) {
    for number in 0..nodes {
        register(&flaky.memory, &service("a", &format!("a-{number}"))).await;
    }
    let cache = cache(flaky);
    let entry = cache.lookup("a");
    assert_eq!(ids(&entry.ready().await.unwrap()).len(), nodes);
    (cache, entry)
}

async fn deregister(flaky: &Flaky, nodes: std::ops::Range<usize>) {
    for number in nodes {
        flaky.memory.deregister(&service("a", &format!("a-{number}"))).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_minority_that_is_missing_is_gone_and_a_majority_is_doubted_until_half_is_back() {
    let flaky = Flaky::default();
    let (_cache, entry) = many(&flaky, 10).await;
    let shown = async |flaky: &Flaky| {
        flaky.recover();
        sleep(Duration::from_secs(11)).await;
        let view = entry.current().unwrap();
        (ids(&view).len(), matches!(view.freshness, Freshness::Doubted))
    };
    flaky.fail();
    deregister(&flaky, 0..4).await;
    assert_eq!(shown(&flaky).await, (6, false), "4 of 10 have died");
    flaky.fail();
    deregister(&flaky, 4..10).await;
    assert_eq!(shown(&flaky).await, (10, true), "all is lost, with what went shortly before");
    for number in 4..9 {
        register(&flaky.memory, &service("a", &format!("a-{number}"))).await;
    }
    assert_eq!(shown(&flaky).await, (5, false), "half is back: the others have died");
}

#[tokio::test(start_paused = true)]
async fn what_was_deregistered_is_gone_at_once_and_the_grace_ends() {
    let flaky = Flaky::default();
    let (_cache, entry) = many(&flaky, 3).await;
    deregister(&flaky, 0..3).await;
    sleep(Duration::from_millis(10)).await;
    assert!(entry.current().unwrap().services.is_empty(), "each has said so itself");

    let (_cache, entry) = many(&flaky, 3).await;
    flaky.fail();
    deregister(&flaky, 0..3).await;
    sleep(Duration::from_secs(300)).await;
    flaky.recover();
    // The outage is no part of the grace, which begins when the registry answers, at most 10 s later.
    sleep(Duration::from_secs(59)).await;
    assert_eq!(ids(&entry.current().unwrap()).len(), 3);
    sleep(Duration::from_secs(12)).await;
    assert!(entry.current().unwrap().services.is_empty());
    assert_eq!(entry.ready().await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_what_the_registry_has_lost_is_lost() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let options = CacheOptions { grace: Duration::ZERO, ..CacheOptions::default() };
    let cache = Cache::with_options(Arc::new(flaky.clone()), options);
    let entry = cache.lookup("a");
    entry.ready().await.unwrap();
    flaky.fail();
    flaky.memory.deregister(&service("a", "a-1")).await.unwrap();
    flaky.recover();
    sleep(Duration::from_secs(11)).await;
    assert!(entry.current().unwrap().services.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_watches_that_lost_its_data_empties_nothing() {
    let flaky = Flaky::default();
    flaky.unwatchable.store(true, Ordering::SeqCst);
    let (_cache, entry) = many(&flaky, 3).await;
    deregister(&flaky, 0..3).await;
    sleep(Duration::from_secs(30)).await;
    assert_eq!(ids(&entry.current().unwrap()).len(), 3);
    sleep(Duration::from_secs(40)).await;
    assert!(entry.current().unwrap().services.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_stale_is_served_for_as_long_as_the_options_say() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let options = CacheOptions { stale: Some(Duration::from_secs(600)), ..CacheOptions::default() };
    let cache = Cache::with_options(Arc::new(flaky.clone()), options);
    cache.lookup("a").ready().await.unwrap();
    flaky.fail();
    let entry = cache.lookup("a");
    sleep(Duration::from_secs(599)).await;
    assert_eq!(ids(&entry.ready().await.unwrap()), ["a-1"]);
    sleep(Duration::from_secs(12)).await;
    let error = entry.ready().await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().ends_with("registry flaky (a test): it is down"), "{error}");
    flaky.recover();
    assert_eq!(ids(&entry.available().await.unwrap()), ["a-1"]);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_logged_once_and_so_is_its_end() {
    let said = Said::listen();
    let five = Five::new().await;
    said.lines();
    five.flaky.fail();
    five.call(3 * TTL).await;
    let lines = said.lines();
    let (lost, stale): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.contains("not registered"));
    assert_eq!(lost.len(), 5, "each service says so: {lines:#?}");
    assert_eq!(stale.len(), 1, "and the cache once for all names: {lines:#?}");
    assert!(stale[0].starts_with("WARN") && stale[0].contains("what is known is served"), "{stale:?}");
    assert!(stale[0].contains("place=\"a test\" error=unavailable: it is down"), "{stale:?}");
    five.lose().await;
    five.flaky.recover();
    five.all_is_well().await;
    let lines = said.lines();
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(count("registered again"), 5 + count("the registry has lost most nodes"), "{lines:#?}");
    assert_eq!(count("the registry answers again"), 1, "{lines:#?}");
    assert_eq!(
        count("the registry has lost most nodes"),
        count("no nodes are served any more"),
        "{lines:#?}"
    );
    five.call(Duration::from_secs(600)).await;
    assert!(said.lines().is_empty(), "nothing has changed");
}

/// The most calls of `watch` in any second, and all of them, while `during` runs.
async fn watches(flaky: &Flaky, during: impl Future<Output = ()>) -> (usize, usize) {
    let (mut most, mut all) = (0, 0);
    let mut during = Box::pin(during);
    flaky.watches.store(0, Ordering::SeqCst);
    loop {
        let over = timeout(Duration::from_secs(1), &mut during).await.is_ok();
        let watches = flaky.watches.swap(0, Ordering::SeqCst);
        (most, all) = (most.max(watches), all + watches);
        if over {
            return (most, all);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_watches_resume_one_after_the_other() {
    let flaky = Flaky::default();
    let (cache, mut held) = (cache(&flaky), Vec::new());
    for number in 0..1_000 {
        register(&flaky.memory, &service(&format!("a-{number}"), &format!("n-{number}"))).await;
        let entry = cache.lookup(&format!("a-{number}"));
        entry.ready().await.unwrap();
        held.push(entry);
    }
    // A connection that is lost for a moment.
    flaky.fail();
    flaky.recover();
    let (most, all) = watches(&flaky, sleep(Duration::from_secs(30))).await;
    assert_eq!((all, flaky.open()), (1_000, 1_000), "each once, and all are back");
    // On average 500 in a second.
    assert!(most < 650, "{most} in a second");
    // An outage of any length.
    flaky.fail();
    let (_, all) = watches(&flaky, sleep(Duration::from_secs(600))).await;
    assert!(all < 1_000 * 600 / 4, "{all} attempts in 10 minutes");
    let recovery = async {
        flaky.recover();
        sleep(Duration::from_secs(11)).await;
    };
    let (most, _) = watches(&flaky, recovery).await;
    assert!(most < 300, "{most} in a second");
    assert_eq!(flaky.open(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_ends_each_watch_at_once_is_not_hammered() {
    let flaky = Flaky::default();
    register(&flaky.memory, &service("a", "a-1")).await;
    let cache = cache(&flaky);
    let entry = cache.lookup("a");
    let (_, all) = watches(&flaky, async {
        let end = Instant::now() + Duration::from_secs(3600);
        let mut version = 0;
        while Instant::now() < end {
            version = entry.changed(version).await.unwrap().version;
            flaky.fail();
            flaky.recover();
        }
    })
    .await;
    let longest = Backoff::default().cap().as_secs();
    assert!(all < 3600 / usize::try_from(longest).unwrap() * 3, "{all} watches in an hour");
    assert_eq!(ids(&entry.current().unwrap()), ["a-1"]);
}
