use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Address, Code, Error};
use tokio::time::{Instant, sleep, timeout};

use crate::{Node, Registry, Service, Watch};

/// No law takes longer than this.
const LIMIT: Duration = Duration::from_secs(120);

/// What a registry says it can do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Promises {
    /// It takes away nodes that are not registered again, with TTLs as short as this; not at all where this is `None`.
    pub expiry: Option<Duration>,
    /// It can be watched.
    pub watch: bool,
    /// A change is seen everywhere within this time.
    pub settled: Duration,
}

impl Promises {
    /// All of them: TTLs from 100 ms, watches, and changes that are seen within 5 s.
    #[must_use]
    pub const fn all() -> Self {
        Self { expiry: Some(Duration::from_millis(100)), watch: true, settled: Duration::from_secs(5) }
    }

    /// The shortest TTL it keeps is this.
    #[must_use]
    pub const fn expiry(mut self, shortest: Duration) -> Self {
        self.expiry = Some(shortest);
        self
    }

    /// It never takes a node away by itself.
    #[must_use]
    pub const fn no_expiry(mut self) -> Self {
        self.expiry = None;
        self
    }

    /// It cannot be watched.
    #[must_use]
    pub const fn no_watch(mut self) -> Self {
        self.watch = false;
        self
    }

    /// Changes are seen within this time.
    #[must_use]
    pub const fn settled(mut self, within: Duration) -> Self {
        self.settled = within;
        self
    }
}

/// A registry under test.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Where the laws register.
    pub here: Arc<dyn Registry>,
    /// Where they look.
    pub there: Arc<dyn Registry>,
    /// What it promises.
    pub promises: Promises,
}

/// One registry, in which is looked for what was registered in it.
impl<R: Registry> From<R> for Subject {
    fn from(registry: R) -> Self {
        let here = Arc::new(registry) as Arc<dyn Registry>;
        Self { there: here.clone(), here, promises: Promises::all() }
    }
}

/// Two registries that see each other.
impl<A: Registry, B: Registry> From<(A, B)> for Subject {
    fn from((here, there): (A, B)) -> Self {
        Self { here: Arc::new(here), there: Arc::new(there), promises: Promises::all() }
    }
}

impl Subject {
    /// A registry, or two that see each other, and what they promise.
    #[must_use]
    pub fn new(registries: impl Into<Self>, promises: Promises) -> Self {
        Self { promises, ..registries.into() }
    }

    /// Registers for as long as a test takes.
    pub(super) async fn register(&self, service: &Service) {
        let options = crate::RegisterOptions::default();
        if let Err(error) = self.here.register(service, &options).await {
            panic!("`{}` was not registered: {error}", service.name);
        }
    }

    pub(super) async fn deregister(&self, service: &Service) {
        if let Err(error) = self.here.deregister(service).await {
            panic!("`{}` was not deregistered: {error}", service.name);
        }
    }

    pub(super) async fn watch(&self, name: Option<&str>) -> Box<dyn Watch> {
        match self.there.watch(name).await {
            Ok(watch) => watch,
            Err(error) => panic!("watching {name:?} failed: {error}"),
        }
    }

    /// What is found under a name, sorted; nothing where it is unknown.
    pub(super) async fn find(&self, name: &str) -> Vec<Service> {
        match self.there.get(name).await {
            Ok(services) => {
                assert!(!services.is_empty(), "law 2: an unknown name is an error, not an empty list");
                sorted(services)
            }
            Err(error) if error.code() == Code::NotFound => Vec::new(),
            Err(error) => panic!("`{name}` could not be looked up: {error}"),
        }
    }

    /// Waits until what is found under a name is this.
    pub(super) async fn found(&self, name: &str, expected: &[Service]) {
        let expected = sorted(expected.to_vec());
        self.eventually(&format!("what is found as `{name}`"), &expected, async || self.find(name).await)
            .await;
    }

    /// Waits until `look` sees what is expected, for the time in which changes are promised to be seen.
    pub(super) async fn eventually<T: PartialEq + Debug>(
        &self,
        what: &str,
        expected: &T,
        mut look: impl AsyncFnMut() -> T,
    ) {
        let end = Instant::now() + self.promises.settled;
        loop {
            let seen = look().await;
            if seen == *expected {
                return;
            }
            assert!(Instant::now() < end, "{what} is\n{seen:?}\nand should be\n{expected:?}");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Runs a law to its end, in a runtime of its own and for a limited time.
///
/// # Panics
/// When the law does not hold, or does not end.
pub fn run(law: impl Future<Output = ()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
    let ended = runtime.block_on(async { timeout(LIMIT, law).await.is_ok() });
    assert!(ended, "the law has not ended after {LIMIT:?}");
}

/// A name that no other test has.
pub(super) fn unique(name: &str) -> String {
    format!("{name}-{:08x}", fastrand::u32(..))
}

/// A node that no other test has.
pub(super) fn node(name: &str, port: u16) -> Node {
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Node::new(format!("{name}-{:016x}", fastrand::u64(..)), Address::from(address))
}

/// A service of version `latest` with one node.
pub(super) fn service(name: &str, port: u16) -> Service {
    Service::new(name, "latest").with_node(node(name, port))
}

pub(super) fn is(error: &Error, code: Code) {
    assert_eq!(error.code(), code, "{error}");
}

fn sorted(mut services: Vec<Service>) -> Vec<Service> {
    for service in &mut services {
        service.nodes.sort_by(|a, b| a.id.cmp(&b.id));
    }
    services.sort_by(|a, b| a.version.cmp(&b.version));
    services
}
