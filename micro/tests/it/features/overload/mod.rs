//! Overload: what is above the limits waits, is refused, and is told when to come back.

mod limits;
mod processor;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use micro::registry::Memory;
use micro::testing::Cluster;
use micro::{Client, Error, Json, Receiver, Result, Running, Sender, Service, Settings, handler};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Semaphore;

/// Long enough for anything on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(30);

/// What the tests know of the handlers.
#[derive(Default)]
struct Seen {
    running: AtomicUsize,
    most: AtomicUsize,
    /// How many calls of `burn` ran.
    burnt: AtomicUsize,
    /// The nanoseconds of processor time that the worker had used when the last of them ended.
    processor: AtomicU64,
    /// What `hold` was called with, in the order in which it ran.
    held: Mutex<Vec<String>>,
}

/// Handlers that take up a place.
struct Busy {
    seen: Arc<Seen>,
    /// One permit lets one call of `hold` go.
    open: Arc<Semaphore>,
}

/// A handler that runs, until this is dropped.
struct AtWork(Arc<Seen>);

impl AtWork {
    fn new(seen: &Arc<Seen>) -> Self {
        let running = seen.running.fetch_add(1, Ordering::SeqCst) + 1;
        seen.most.fetch_max(running, Ordering::SeqCst);
        Self(seen.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[handler]
impl Busy {
    /// Waits until it is let go.
    async fn hold(&self, name: String) -> Result<String> {
        let _at_work = AtWork::new(&self.seen);
        self.seen.held.lock().unwrap().push(name.clone());
        self.open.acquire().await.map_err(|_| Error::internal("closed"))?.forget();
        Ok(name)
    }

    /// Waits for that many milliseconds.
    async fn nap(&self, milliseconds: Json<u64>) -> Result<()> {
        let _at_work = AtWork::new(&self.seen);
        tokio::time::sleep(Duration::from_millis(milliseconds.0)).await;
        Ok(())
    }

    /// Computes for that many microseconds of processor time, whatever else the machine does meanwhile.
    async fn burn(&self, microseconds: Json<u64>) -> Result<()> {
        let _at_work = AtWork::new(&self.seen);
        self.seen.burnt.fetch_add(1, Ordering::SeqCst);
        let until = processor_time() + Duration::from_micros(microseconds.0);
        while processor_time() < until {
            std::hint::spin_loop();
        }
        self.seen.processor.store(processor_time().as_nanos() as u64, Ordering::SeqCst);
        Ok(())
    }

    /// Repeats each text.
    async fn repeat(&self, mut texts: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        let _at_work = AtWork::new(&self.seen);
        while let Some(text) = texts.next().await? {
            sender.send(text).await?;
        }
        Ok(())
    }
}

/// How long this thread has been on a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// What carries the calls.
#[derive(Clone, Copy, Debug)]
enum Over {
    Http1,
    Http2,
    Lane,
    Memory,
}

/// A service `busy`, and what is known of it.
struct Fixture {
    seen: Arc<Seen>,
    open: Arc<Semaphore>,
    client: Client,
    running: Running,
}

/// The service without its limits, and what its handlers tell.
fn busy() -> (Service, Arc<Seen>, Arc<Semaphore>) {
    let (seen, open) = (Arc::new(Seen::default()), Arc::new(Semaphore::new(0)));
    let service = Service::new("busy").handle(Busy { seen: seen.clone(), open: open.clone() });
    (service, seen, open)
}

/// The same on a real socket, in a registry of the test's own.
fn on(registry: &Arc<Memory>, over: Over, service: Service) -> Service {
    let service = service
        .settings(Settings::empty())
        .registry(registry.clone())
        .address("127.0.0.1:0")
        .lame_duck(Duration::ZERO)
        .handle_signals(false);
    service.limits(|options| {
        options.protocols.http2 = matches!(over, Over::Http2);
        options.protocols.lane = matches!(over, Over::Lane);
    })
}

/// A client that tries once.
fn client(registry: &Arc<Memory>) -> Result<Client> {
    tries_once(Service::new("caller").settings(Settings::empty()).registry(registry.clone()))
}

fn tries_once(caller: Service) -> Result<Client> {
    Ok(caller.attempts(1).dialling(|options| options.pool_size = 1000).build()?.client())
}

impl Fixture {
    async fn start(over: Over, limits: impl FnOnce(Service) -> Service) -> Result<Self> {
        let registry = Arc::new(Memory::new());
        let (service, seen, open) = busy();
        if matches!(over, Over::Memory) {
            let cluster = Cluster::new();
            let running = cluster.start(limits(service)).await?;
            let client = tries_once(cluster.join(Service::new("caller")))?;
            return Ok(Self { seen, open, client, running });
        }
        let running = limits(on(&registry, over, service)).start().await?;
        running.registered().await;
        Ok(Self { seen, open, client: client(&registry)?.wait_for_ready(), running })
    }

    /// Calls `hold` in a task.
    fn hold(&self, name: &str) -> tokio::task::JoinHandle<Result<String>> {
        let (client, name) = (self.client.clone(), name.to_owned());
        tokio::spawn(async move { client.call(("busy", "Busy.Hold"), name).await })
    }

    /// Lets that many calls of `hold` go.
    fn let_go(&self, calls: usize) {
        self.open.add_permits(calls);
    }

    async fn nap(&self, milliseconds: u64) -> Result<()> {
        self.client.call(("busy", "Busy.Nap"), Json(milliseconds)).await
    }

    fn held(&self) -> Vec<String> {
        self.seen.held.lock().unwrap().clone()
    }

    /// A figure of `Debug.Stats`.
    async fn stat(&self, name: &str) -> Result<u64> {
        let stats: serde_json::Value =
            self.client.call(("busy", "Debug.Stats"), serde_json::json!({})).await?;
        Ok(stats[name].as_u64().unwrap())
    }

    /// Waits until a figure of `Debug.Stats` is that.
    async fn until(&self, name: &str, expected: u64) -> Result<()> {
        let began = Instant::now();
        loop {
            let now = self.stat(name).await?;
            if now == expected {
                return Ok(());
            }
            assert!(began.elapsed() < SOON, "`{name}` is {now}, and not {expected}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
