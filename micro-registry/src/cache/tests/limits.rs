//! Names that come from strangers.

use std::sync::atomic::Ordering;

use super::flaky::Flaky;
use super::*;

fn small(flaky: &Flaky, names: usize) -> Cache {
    Cache::with_options(Arc::new(flaky.clone()), CacheOptions { names, ..CacheOptions::default() })
}

#[tokio::test(start_paused = true)]
async fn strangers_cannot_make_it_watch_more_names_nor_push_those_in_use_out() {
    let flaky = Flaky::default();
    let cache = small(&flaky, 20);
    for number in 0..10 {
        register(&flaky.memory, &service(&format!("used-{number}"), "n")).await;
        cache.lookup(&format!("used-{number}")).ready().await.unwrap();
    }
    for round in 0..1_000 {
        let error = cache.lookup(&format!("nobody-{round}")).ready().await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{error}");
        assert!(cache.watched() <= 20, "{} names", cache.watched());
        sleep(Duration::from_millis(100)).await;
        for number in 0..10 {
            assert_eq!(ids(&cache.lookup(&format!("used-{number}")).current().unwrap()), ["n"]);
        }
    }
    sleep(Duration::from_millis(10)).await;
    assert!(flaky.open() <= 20, "{} watches", flaky.open());
    let watches = flaky.watches.load(Ordering::SeqCst);
    assert_eq!(watches, 1_010, "no name in use was watched twice");
}

#[tokio::test(start_paused = true)]
async fn a_full_cache_refuses_and_says_why_until_a_name_is_idle() {
    let flaky = Flaky::default();
    let cache = small(&flaky, 2);
    for name in ["a", "b", "c"] {
        register(&flaky.memory, &service(name, "n")).await;
    }
    let held = [cache.lookup("a"), cache.lookup("b")];
    for entry in &held {
        entry.ready().await.unwrap();
    }
    let refused = cache.lookup("c");
    for error in [refused.ready().await.unwrap_err(), refused.available().await.unwrap_err()] {
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.detail().contains("watches 2 names already") && !error.reached(), "{error}");
    }
    // Held as long as a call takes: not even one that is not looked up is pushed out.
    sleep(Duration::from_secs(45)).await;
    assert!(cache.lookup("c").ready().await.is_err());
    drop(held);
    assert_eq!(ids(&cache.lookup("c").ready().await.unwrap()), ["n"]);
    assert_eq!(cache.watched(), 2);
}
