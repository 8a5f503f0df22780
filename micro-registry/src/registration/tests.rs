use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use micro_core::{Address, Code};
use tokio::time::sleep;

use super::RegistrationState::{Lost, Pending, Registered};
use super::*;
use crate::said::Said;
use crate::{Memory, Node, RegisterOptions, Watch};

/// A registry that loses everything, fails, hangs and panics when it is told to.
#[derive(Debug, Default)]
struct Unsteady {
    memory: std::sync::Mutex<Memory>,
    registrations: AtomicUsize,
    down: AtomicBool,
    hangs: AtomicBool,
    panics: AtomicBool,
}

impl Unsteady {
    fn memory(&self) -> Memory {
        self.memory.lock().unwrap().clone()
    }

    fn lose_everything(&self) {
        *self.memory.lock().unwrap() = Memory::new();
    }

    async fn up(&self) -> Result<()> {
        assert!(!self.panics.load(Ordering::SeqCst), "a panic of a registry");
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.down.load(Ordering::SeqCst) { Err(Error::unavailable("it is down")) } else { Ok(()) }
    }
}

#[async_trait]
impl Registry for Unsteady {
    fn name(&self) -> &'static str {
        "unsteady"
    }

    fn place(&self) -> String {
        "a test".to_owned()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.registrations.fetch_add(1, Ordering::SeqCst);
        self.up().await?;
        self.memory().register(service, options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.up().await?;
        self.memory().deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        self.memory().get(name).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.memory().list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        self.memory().watch(name).await
    }
}

fn record(port: u16) -> Service {
    let address = Address::new(&format!("127.0.0.1:{port}")).unwrap();
    Service::new("a", "latest").with_node(Node::new(format!("a-{port}"), address))
}

fn start(registry: &Arc<Unsteady>, options: RegistrationOptions) -> Registration {
    Registration::start(registry.clone(), record(1), options)
}

#[tokio::test(start_paused = true)]
async fn it_stays_registered_and_comes_back_after_the_registry_lost_everything() {
    let registry = Arc::new(Unsteady::default());
    let registration = start(&registry, RegistrationOptions::default());
    assert_eq!(registration.state(), Pending);
    assert_eq!(registration.changed(Pending).await, Registered);
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(registry.get("a").await.unwrap(), [record(1)]);
    let attempts = registry.registrations.load(Ordering::SeqCst);
    assert!((115..=121).contains(&attempts), "{attempts} registrations in an hour");
    registry.lose_everything();
    assert!(registry.get("a").await.is_err());
    sleep(Duration::from_secs(31)).await;
    assert_eq!(registry.get("a").await.unwrap(), [record(1)]);
    assert_eq!(registration.state(), Registered);
    registration.stop().await.unwrap();
    assert_eq!(registry.get("a").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_any_length_ends_well() {
    let faults: [fn(&Unsteady) -> &AtomicBool; 3] = [|r| &r.down, |r| &r.hangs, |r| &r.panics];
    for fault in faults {
        let registry = Arc::new(Unsteady::default());
        // It is not there at the start.
        fault(&registry).store(true, Ordering::SeqCst);
        let registration = start(&registry, RegistrationOptions::default());
        assert_eq!(registration.changed(Pending).await, Lost);
        for _ in 0..3 {
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(registration.state(), Lost);
            let attempts = registry.registrations.swap(0, Ordering::SeqCst);
            assert!((200..2000).contains(&attempts), "{attempts} attempts in an hour");
            registry.lose_everything();
            fault(&registry).store(false, Ordering::SeqCst);
            sleep(Duration::from_secs(16)).await;
            assert_eq!(registration.state(), Registered);
            assert_eq!(registry.get("a").await.unwrap(), [record(1)]);
            fault(&registry).store(true, Ordering::SeqCst);
            assert_eq!(registration.changed(Registered).await, Lost);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_is_registered_at_once_and_replaces_nodes() {
    let registry = Arc::new(Unsteady::default());
    let registration = start(&registry, RegistrationOptions::default());
    registration.changed(Pending).await;
    registration.update(record(2));
    sleep(Duration::from_millis(1)).await;
    assert_eq!(registry.get("a").await.unwrap(), [record(2)]);
    // One that comes while the registry is down is not lost, and what it replaces goes too.
    registry.down.store(true, Ordering::SeqCst);
    registration.update(record(3));
    sleep(Duration::from_secs(60)).await;
    registry.down.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(registry.get("a").await.unwrap(), [record(3)]);
    registration.stop().await.unwrap();
    assert!(registry.list().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_an_interval_it_is_registered_once() {
    let registry = Arc::new(Unsteady::default());
    registry.down.store(true, Ordering::SeqCst);
    let options = RegistrationOptions { interval: Duration::ZERO, ..RegistrationOptions::default() };
    let registration = start(&registry, options);
    sleep(Duration::from_secs(30)).await;
    registry.down.store(false, Ordering::SeqCst);
    registration.changed(Lost).await;
    let attempts = registry.registrations.load(Ordering::SeqCst);
    assert!(attempts > 1, "a failed attempt is made again");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(registry.registrations.load(Ordering::SeqCst), attempts);
    sleep(Duration::from_secs(60)).await;
    assert!(registry.list().await.unwrap().is_empty(), "its TTL ends");
}

#[tokio::test(start_paused = true)]
async fn stopping_is_limited_and_dropping_ends_the_loop() {
    let registry = Arc::new(Unsteady::default());
    let registration = start(&registry, RegistrationOptions::default());
    registration.changed(Pending).await;
    registry.hangs.store(true, Ordering::SeqCst);
    let start_of_stop = tokio::time::Instant::now();
    let error = registration.stop().await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.detail().contains("unsteady (a test)"), "{error}");
    assert!(start_of_stop.elapsed() <= Duration::from_secs(5));
    registry.hangs.store(false, Ordering::SeqCst);
    drop(start(&registry, RegistrationOptions::default()));
    let attempts = registry.registrations.load(Ordering::SeqCst);
    sleep(Duration::from_secs(300)).await;
    assert_eq!(registry.registrations.load(Ordering::SeqCst), attempts);
    assert_eq!(Arc::strong_count(&registry), 1);
}

#[tokio::test(start_paused = true)]
async fn a_short_ttl_is_kept_after_the_registry_hung_and_after_it_was_down() {
    let ttl = Duration::from_secs(5);
    let faults: [fn(&Unsteady) -> &AtomicBool; 2] = [|r| &r.down, |r| &r.hangs];
    for fault in faults {
        // The phase of the attempts differs each time.
        for phase in 0..20 {
            let registry = Arc::new(Unsteady::default());
            let interval = Duration::from_secs(1);
            let registration = start(&registry, RegistrationOptions { ttl, interval, ..Default::default() });
            assert_eq!(registration.changed(Pending).await, Registered);
            fault(&registry).store(true, Ordering::SeqCst);
            sleep(3 * ttl + Duration::from_millis(100 * phase)).await;
            assert_eq!(registration.state(), Lost);
            registry.lose_everything();
            fault(&registry).store(false, Ordering::SeqCst);
            // An attempt that hangs for ever is given up after a third of the TTL; the wait after it is at most 1 s.
            sleep(ttl / 3 + interval + Duration::from_millis(10)).await;
            assert_eq!(registry.get("a").await.unwrap(), [record(1)]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn how_it_stands_is_told_with_the_reason_and_once_for_each_change() {
    let said = Said::listen();
    let registry = Arc::new(Unsteady::default());
    let registration = start(&registry, RegistrationOptions::default());
    registration.changed(Pending).await;
    assert_eq!(
        said.lines(),
        [
            "INFO micro_registry::registration::reconcile: registered service=\"a\" registry=\"unsteady\" place=\"a test\""
        ]
    );
    let mut watch = registration.watch();
    assert!(watch.borrow_and_update().error.is_none());

    registry.down.store(true, Ordering::SeqCst);
    registration.changed(Registered).await;
    watch.changed().await.unwrap();
    let why = |watch: &watch::Receiver<RegistrationStatus>| {
        watch.borrow().error.clone().unwrap().detail().to_owned()
    };
    assert_eq!(why(&watch), "registry unsteady (a test): it is down");
    let since = watch.borrow_and_update().since;
    sleep(Duration::from_secs(3600)).await;
    registry.hangs.store(true, Ordering::SeqCst);
    sleep(Duration::from_secs(60)).await;
    // The reason is that of the last attempt, and nobody is woken for it.
    assert_eq!(why(&watch), "registry unsteady (a test): it has not answered within 5s");
    assert!(!watch.has_changed().unwrap() && watch.borrow().since == since);
    let lines = said.lines();
    assert_eq!(lines.len(), 1, "one line for all attempts: {lines:?}");
    assert!(
        lines[0].starts_with("WARN") && lines[0].contains("registry unsteady (a test): it is down"),
        "{lines:?}"
    );

    registry.hangs.store(false, Ordering::SeqCst);
    registry.down.store(false, Ordering::SeqCst);
    registration.changed(Lost).await;
    assert!(watch.borrow().error.is_none());
    let lines = said.lines();
    assert!(
        lines.len() == 1 && lines[0].contains("registered again") && lines[0].contains("after=36"),
        "{lines:?}"
    );
}
