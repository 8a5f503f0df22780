//! mDNS on the loopback interface, in several processes where that matters.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use micro_core::{Code, Error, Result};
use micro_registry::conformance::Promises;
use micro_registry::{Describe, Event, Mdns, MdnsOptions, Node, RegisterOptions, Registry, Service, Watch};
use tokio::time::{sleep, timeout};

use crate::process::{self, Call, Process};

fn on_loopback() -> MdnsOptions {
    MdnsOptions::default().with_interfaces(["lo"])
}

/// A registry that is used by a test, and by the other registry to describe its nodes.
#[derive(Clone, Debug)]
struct Here(Arc<Mdns>);

#[async_trait]
impl Registry for Here {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn place(&self) -> String {
        self.0.place()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.0.register(service, options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.0.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        self.0.get(name).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.0.list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        self.0.watch(name).await
    }
}

/// What a node would answer: the record that it registered.
#[async_trait]
impl Describe for Here {
    async fn describe(&self, node: &Node, service: &str) -> Result<Service> {
        let versions = self.0.get(service).await?;
        let version = versions.into_iter().find(|version| version.nodes.iter().any(|one| one.id == node.id));
        version.ok_or_else(|| Error::not_found("the node has left"))
    }
}

fn pair() -> (Here, Mdns) {
    let here = Here(Arc::new(Mdns::new(on_loopback()).unwrap()));
    let there = Mdns::new(on_loopback().with_describe(Arc::new(here.clone()))).unwrap();
    (here, there)
}

fn promises() -> Promises {
    // The tests run side by side, on one interface where all hear all.
    Promises::all().expiry(Duration::from_secs(1)).settled(Duration::from_secs(10))
}

micro_registry::conformance_tests!(conformance, promises(), async { pair() });

micro_registry::conformance_tests!(conformance_alone, promises(), async {
    Mdns::new(on_loopback()).unwrap()
});

fn unique(name: &str) -> String {
    format!("{name}-{:016x}", fastrand::u64(..))
}

async fn next(watch: &mut Box<dyn Watch>) -> Event {
    timeout(Duration::from_secs(30), watch.next()).await.expect("an event").unwrap()
}

/// A watch of `name` that has told all there is, and the process that serves it.
async fn serving(name: &str, ttl: Duration) -> (Box<dyn Watch>, Process, Mdns) {
    let registry = Mdns::new(on_loopback()).unwrap();
    let mut watch = registry.watch(Some(name)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Synced);
    let process = Process::play(&format!("serve {name} {} 1", ttl.as_millis()));
    process.says();
    let Event::Put(found) = next(&mut watch).await else { panic!("the service was not there") };
    assert_eq!((found.nodes.len(), found.endpoints.len()), (1, 1));
    (watch, process, registry)
}

#[tokio::test]
async fn a_killed_process_is_gone_within_its_ttl() {
    let name = unique("killed");
    let ttl = Duration::from_secs(5);
    let (mut watch, mut process, registry) = serving(&name, ttl).await;
    // While it lives it stays, though its first registration is over.
    assert!(timeout(ttl + Duration::from_secs(1), watch.next()).await.is_err(), "nothing has changed");
    process.kill();
    let killed = Instant::now();
    let event = next(&mut watch).await;
    assert!(matches!(&event, Event::Remove { service, .. } if *service == name), "{event:?}");
    assert!(killed.elapsed() < Duration::from_secs(6), "it took {:?}", killed.elapsed());
    let error = registry.get(&name).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.detail().contains("interfaces lo"), "{error}");
}

#[tokio::test]
async fn a_process_that_says_goodbye_is_gone_at_once() {
    // By deregistering, and by dropping the registry and ending the process.
    for how in ["deregister", "drop"] {
        let name = unique("leaving");
        let (mut watch, mut process, _registry) = serving(&name, Duration::from_secs(90)).await;
        process.tell(how);
        let told = Instant::now();
        assert!(matches!(next(&mut watch).await, Event::Remove { .. }));
        assert!(told.elapsed() < Duration::from_secs(1), "{how}: it took {:?}", told.elapsed());
    }
}

#[tokio::test]
async fn endpoints_that_do_not_fit_come_from_the_node() {
    let name = unique(&"long.name".repeat(7));
    assert_eq!(name.len(), 80);
    let process = Process::play(&format!("serve {name} 90000 300"));
    process.says();
    let registry = Mdns::new(on_loopback().with_describe(Arc::new(Call))).unwrap();
    let found = registry.get(&name).await.unwrap();
    assert_eq!((found.len(), found[0].nodes.len(), found[0].endpoints.len()), (1, 1, 300));
    // A watch tells of the node, whole or at once and whole then.
    let mut watch = registry.watch(Some(&name)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Put(found[0].clone()));
    let other = Mdns::new(on_loopback().with_describe(Arc::new(Call))).unwrap();
    let mut watch = other.watch(Some(&name)).await.unwrap();
    let mut puts = Vec::new();
    while puts.last().is_none_or(|put: &Service| put.endpoints.is_empty()) {
        match next(&mut watch).await {
            Event::Put(put) => puts.push(put),
            Event::Synced => {}
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(puts.last(), Some(&found[0]));
    assert!(puts.len() <= 2, "{puts:?}");
    // Without anybody to ask there is the node without its endpoints.
    let blind = Mdns::new(on_loopback()).unwrap();
    assert_eq!(blind.get(&name).await.unwrap()[0].endpoints, []);
    // And another process finds and calls it.
    assert!(Process::play(&format!("find lo {name}")).says().ends_with(" 300"));
}

#[tokio::test]
async fn finding_is_fast_once_it_has_begun() {
    let name = unique("fast");
    let process = Process::play(&format!("serve {name} 90000 1"));
    process.says();
    let registry = Mdns::new(on_loopback()).unwrap();
    let begun = Instant::now();
    registry.get(&name).await.unwrap();
    // The first search takes up to 1.5 s; ten times that is for machines that are busy.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    for _ in 0..1_000 {
        registry.get(&name).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    let begun = Instant::now();
    let nobody = unique("nobody");
    let error = registry.get(&nobody).await.unwrap_err();
    assert!(error.detail().contains(&nobody), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_it_ends_its_threads_and_watches() {
    // Names of threads are cut to 15 bytes.
    let threads = || {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
            .filter(|name| name.trim() == "mDNS_daemon")
            .count()
    };
    // Others run side by side in this process: this one is told apart by ending many at once.
    let registries: Vec<_> = (0..40).map(|_| Mdns::new(on_loopback()).unwrap()).collect();
    let mut watch = registries[0].watch(None).await.unwrap();
    // A thread has its name only when it runs.
    let end = Instant::now() + Duration::from_secs(20);
    while threads() < 40 {
        assert!(Instant::now() < end, "only {} threads run", threads());
        sleep(Duration::from_millis(20)).await;
    }
    let during = threads();
    drop(registries);
    while threads() + 30 > during {
        assert!(Instant::now() < end, "{} threads are left of {during}", threads());
        sleep(Duration::from_millis(20)).await;
    }
    let error = loop {
        match timeout(Duration::from_secs(5), watch.next()).await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::Unavailable);
}

#[tokio::test]
async fn what_cannot_be_said_is_refused() {
    let registry = Mdns::new(on_loopback()).unwrap();
    let name = unique("refused");
    let mut large = process::record(&name, "127.0.0.1:1".parse().unwrap(), 0);
    large.metadata.insert("notes".into(), "x".repeat(2_000));
    for (service, ttl, why) in [
        (large, 90, "the metadata of the service has 2011"),
        (Service::new(&*name, "1"), 90, "no node"),
        (process::record("", "127.0.0.1:1".parse().unwrap(), 0), 90, "the name of the service is empty"),
        (process::record(&name, "127.0.0.1:1".parse().unwrap(), 0), 0, "TTL"),
    ] {
        let options = RegisterOptions::new(Duration::from_secs(ttl));
        let error = registry.register(&service, &options).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.detail().contains(why), "{error}");
    }
    let error = Mdns::new(MdnsOptions::default().with_interfaces(["nope0"])).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.detail().contains("`nope0`"), "{error}");
}
