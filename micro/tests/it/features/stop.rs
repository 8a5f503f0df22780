//! How a service stops, in every order of events. The clock is Tokio's paused one, so that limits of seconds take none.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use micro::registry::{Memory, RegisterOptions, Registry, Service as Record, Watch};
use micro::testing::Cluster;
use micro::{
    Address, Code, Context, Dispatch, Error, Group, Listener, Receiver, Result, Sender, Server, Service,
    Shutdown, defaults, handler,
};
use tokio::time::Instant;

use super::echo::{Echo, echo, say};
use super::log::Log;

/// The lines about the stop hold these texts, in this order, and there are no others.
#[track_caller]
fn stopped_as(log: &Log, expected: &[&str]) {
    let text = log.text();
    let lines = text.lines().filter(|line| line.contains("Stop")).collect::<Vec<_>>();
    let fits = |(line, expected): (&&str, &&str)| line.contains(expected);
    assert!(lines.len() == expected.len() && lines.iter().zip(expected).all(fits), "{expected:#?}\n{text}");
}

/// What happened, in its order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<&'static str>>>);

impl Seen {
    /// A hook that is noted.
    fn note(&self, what: &'static str) -> impl FnOnce() -> std::future::Ready<Result<()>> + Send + use<> {
        let seen = self.0.clone();
        move || {
            seen.lock().unwrap().push(what);
            std::future::ready(Ok(()))
        }
    }

    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

/// A registry that hangs, fails or panics where it is told to.
#[derive(Debug, Default)]
pub(crate) struct Unsteady {
    memory: Memory,
    pub(crate) register: Fault,
    pub(crate) deregister: Fault,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    Fails,
    Hangs,
    Panics,
}

impl Fault {
    async fn happens(self) -> Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Fails => Err(Error::unavailable("it is down")),
            Self::Hangs => pending().await,
            Self::Panics => panic!("a registry's panic"),
        }
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

    async fn register(&self, service: &Record, options: &RegisterOptions) -> Result<()> {
        self.register.happens().await?;
        self.memory.register(service, options).await
    }

    async fn deregister(&self, service: &Record) -> Result<()> {
        self.deregister.happens().await?;
        self.memory.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Record>> {
        self.memory.get(name).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.memory.list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        self.memory.watch(name).await
    }
}

/// A server that never gets its address, or one that ends by itself after a while, with an error or a panic.
#[derive(Clone, Copy, Debug)]
enum Odd {
    Hangs,
    Fails,
    Panics,
}

#[async_trait]
impl Server for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    async fn bind(&self) -> Result<Box<dyn Listener>> {
        match self {
            Self::Hangs => pending().await,
            _ => Ok(Box::new(Ends(*self, [Address::new("odd:1")?]))),
        }
    }
}

struct Ends(Odd, [Address; 1]);

#[async_trait]
impl Listener for Ends {
    fn addresses(&self) -> &[Address] {
        &self.1
    }

    async fn serve(self: Box<Self>, _: Arc<dyn Dispatch>, _: Shutdown) -> Result<()> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        match self.0 {
            Odd::Panics => panic!("a server's panic"),
            _ => Err(Error::unavailable("the address was lost")),
        }
    }
}

/// Fires after a second.
fn soon() -> Shutdown {
    let stop = Shutdown::new();
    let fired = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        fired.fire();
    });
    stop
}

fn noted(service: Service, seen: &Seen) -> Service {
    service
        .after_start(seen.note("after start"))
        .before_stop(seen.note("before stop"))
        .after_stop(seen.note("after stop"))
}

#[tokio::test(start_paused = true)]
async fn every_phase_has_a_line() -> Result<()> {
    let (log, _guard) = Log::begin();
    let (cluster, seen) = (Cluster::new(), Seen::default());
    let service = noted(echo(), &seen).lame_duck(Duration::from_secs(2));
    cluster.start(cluster.join(service).lame_duck(Duration::from_secs(2))).await?.stop().await?;
    stopped_as(
        &log,
        &[
            "INFO Stopping [service] echo",
            "INFO Stop [before stop] of echo took",
            "INFO Stop [deregister] of echo took",
            "INFO Stop [lame duck] of echo took",
            "INFO Stop [drain] of echo took",
            "INFO Stop [after stop] of echo took",
            "INFO Stopped [service] echo",
        ],
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_phase_has_a_limit() -> Result<()> {
    let (log, _guard) = Log::begin();
    let registry = Arc::new(Unsteady { deregister: Fault::Hangs, ..Unsteady::default() });
    let handler = Echo::default();
    let running_calls = handler.seen.clone();
    let service = Service::new("echo")
        .handle(handler)
        .before_stop(|| async { pending().await })
        .before_stop(|| async { panic!("a hook's panic") })
        .before_stop(|| async { Err(Error::internal("a hook's error")) })
        .after_stop(|| async { pending().await });
    let cluster = Cluster::new();
    let running = cluster.join(service).registry(registry).drain(Duration::from_secs(7)).start().await?;
    let client = cluster.client().with_address(running.addresses()[0].clone());
    let call = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
    running_calls.running(1).await;

    let began = Instant::now();
    running.stop().await?;
    let limits = defaults::HOOK * 2 + defaults::DEREGISTER + Duration::from_secs(7);
    assert!((limits..limits + Duration::from_secs(1)).contains(&began.elapsed()), "{:?}", began.elapsed());
    running_calls.running(0).await;
    assert_eq!(call.await.unwrap().unwrap_err().reason(), "STOPPING");
    stopped_as(
        &log,
        &[
            "INFO Stopping [service] echo",
            "WARN Stop [before stop] of echo is not done within 10s, its limit: see defaults::HOOK",
            "INFO Stop [before stop] of echo took",
            "INFO Stop [before stop] of echo took",
            "WARN Stop [deregister] of echo is not done within 3s, its limit: see defaults::DEREGISTER",
            "INFO Stop [lame duck] of echo took",
            "WARN Stop [drain] of echo is not done within 7s, its limit: see Service::drain",
            "INFO Stop [cancel] of echo took",
            "WARN Stop [after stop] of echo is not done within 10s, its limit: see defaults::HOOK",
            "INFO Stopped [service] echo",
        ],
    );
    let text = log.text();
    assert!(text.contains("a hook before stop panicked") && text.contains("a hook's error"), "{text}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_down_holds_up_nothing() -> Result<()> {
    for (deregister, line) in [
        (Fault::Fails, "WARN the registry did not let the node go"),
        (Fault::Panics, "WARN Stop [deregister] of echo panicked"),
    ] {
        let (log, _guard) = Log::begin();
        let seen = Seen::default();
        let registry = Arc::new(Unsteady { deregister, ..Unsteady::default() });
        let running = Cluster::new().join(noted(echo(), &seen)).registry(registry).start().await?;
        running.stop().await?;
        assert_eq!(seen.all(), ["after start", "before stop", "after stop"]);
        let text = log.text();
        assert!(text.contains(line) && text.contains("Stopped [service] echo"), "{text}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn told_while_it_cannot_register_it_stops() -> Result<()> {
    for register in [Fault::Fails, Fault::Hangs, Fault::Panics] {
        let seen = Seen::default();
        let registry = Arc::new(Unsteady { register, ..Unsteady::default() });
        let service = noted(echo(), &seen).shutdown(soon());
        Cluster::new().join(service).registry(registry.clone()).run().await?;
        assert_eq!(seen.all(), ["after start", "before stop", "after stop"]);
        assert!(registry.list().await?.is_empty());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn told_before_it_listens_it_has_done_nothing() -> Result<()> {
    let (cluster, seen) = (Cluster::new(), Seen::default());
    let fired = Shutdown::new();
    fired.fire();
    // Before it was run at all.
    cluster.join(noted(echo().before_start(seen.note("before start")), &seen)).shutdown(fired).run().await?;
    // In a hook that hangs.
    let hangs = noted(echo().before_start(|| async { pending().await }), &seen);
    cluster.join(hangs.before_start(seen.note("before start"))).shutdown(soon()).run().await?;
    // While it waits for its address.
    let binds = noted(echo(), &seen).server(Arc::new(Odd::Hangs));
    cluster.join(binds).shutdown(soon()).run().await?;
    assert!(seen.all().is_empty(), "{:?}", seen.all());
    assert!(cluster.registry().list().await?.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn told_after_it_listens_it_stops_in_order() -> Result<()> {
    let (cluster, seen) = (Cluster::new(), Seen::default());
    let service = echo()
        .after_start(|| async { pending().await })
        .before_stop(seen.note("before stop"))
        .after_stop(seen.note("after stop"));
    let stop = Shutdown::new();
    let running = tokio::spawn(cluster.join(service).shutdown(stop.clone()).run());
    // It answers, and is registered, though its start goes on.
    say(&cluster.client().wait_for_ready(), "there").await?;
    stop.fire();
    stop.fire();
    running.await.unwrap()?;
    assert_eq!(seen.all(), ["before stop", "after stop"]);
    assert!(cluster.registry().list().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn told_so_while_a_hook_blocks_its_thread_it_does_not_start() -> Result<()> {
    let (log, _guard) = Log::begin();
    let (cluster, seen, stop) = (Cluster::new(), Seen::default(), Shutdown::new());
    let fired = stop.clone();
    let blocks = move || {
        std::thread::spawn(move || fired.fire()).join().unwrap();
        std::future::ready(Ok(()))
    };
    cluster.join(noted(echo().before_start(blocks), &seen)).shutdown(stop).run().await?;
    assert!(seen.all().is_empty(), "{:?}", seen.all());
    stopped_as(&log, &["Stopped [service] echo before it listened"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_hook_ends_the_start_in_order() {
    let (cluster, seen) = (Cluster::new(), Seen::default());
    let panics = || -> std::future::Ready<Result<()>> { panic!("a hook's panic") };
    let error = cluster.join(noted(echo().before_start(panics), &seen)).run().await.unwrap_err();
    assert_eq!((error.code(), error.detail()), (Code::Internal, "a hook before the start panicked"));
    assert!(seen.all().is_empty());
    let service =
        echo().after_start(|| async { panic!("a hook's panic") }).after_stop(seen.note("after stop"));
    let error = cluster.join(service).run().await.unwrap_err();
    assert_eq!((error.code(), error.detail()), (Code::Internal, "a hook after the start panicked"));
    assert_eq!(seen.all(), ["after stop"]);
    assert!(cluster.registry().list().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_by_itself_ends_the_service() -> Result<()> {
    for (odd, code) in [(Odd::Fails, Code::Unavailable), (Odd::Panics, Code::Internal)] {
        let (log, _guard) = Log::begin();
        let (cluster, seen) = (Cluster::new(), Seen::default());
        let service =
            cluster.join(noted(echo(), &seen)).server(Arc::new(odd)).lame_duck(Duration::from_secs(50));
        let began = Instant::now();
        assert_eq!(service.run().await.unwrap_err().code(), code);
        assert!(began.elapsed() < Duration::from_secs(2), "there is nothing to wait for");
        assert_eq!(seen.all(), ["after start", "before stop", "after stop"]);
        assert!(cluster.registry().list().await?.is_empty());
        stopped_as(&log, &["Stopping", "[before stop]", "[deregister]", "[after stop]", "Stopped"]);
    }
    Ok(())
}

#[tokio::test]
async fn dropped_it_ends_at_once() -> Result<()> {
    let cluster = Cluster::new();
    let handler = Echo::default();
    let seen = handler.seen.clone();
    let running = cluster.start(Service::new("echo").handle(handler)).await?;
    let client = cluster.client();
    let call = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
    seen.running(1).await;
    drop(running);
    seen.running(0).await;
    assert_eq!(call.await.unwrap().unwrap_err().code(), Code::Unavailable);
    Ok(())
}

/// Streams without an end: one looks at the drain signal, the others at nothing.
pub(crate) struct Endless;

#[handler]
impl Endless {
    /// Says so when the service begins to drain.
    async fn polite(&self, ctx: &Context, mut sender: Sender<String>) -> Result<()> {
        sender.send("begun".to_owned()).await?;
        ctx.stopping().await;
        sender.send("go elsewhere".to_owned()).await
    }

    /// Sends for ever.
    async fn flood(&self, mut sender: Sender<String>) -> Result<()> {
        loop {
            sender.send("more".to_owned()).await?;
            tokio::task::yield_now().await;
        }
    }

    /// Sends once, and never again.
    async fn hang(&self, mut sender: Sender<String>) -> Result<()> {
        sender.send("begun".to_owned()).await?;
        pending().await
    }

    /// Never answers.
    async fn never(&self) -> Result<()> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_hear_of_the_drain_when_it_begins() -> Result<()> {
    let cluster = Cluster::new();
    let service = cluster.join(Service::new("endless").handle(Endless)).lame_duck(Duration::from_secs(3));
    let running = service.start().await?;
    running.registered().await;
    let mut polite: Receiver<String> =
        cluster.client().server_stream(("endless", "Endless.Polite"), ()).await?;
    assert_eq!(polite.next().await?.unwrap(), "begun");
    let began = Instant::now();
    let stopped = tokio::spawn(running.stop());
    assert_eq!(polite.next().await?.unwrap(), "go elsewhere");
    assert!((3..5).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(polite.next().await?, None);
    stopped.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_told() -> Result<()> {
    let cluster = Cluster::new();
    let running =
        cluster.start(Service::new("endless").handle(Endless).drain(Duration::from_secs(5))).await?;
    let client = cluster.client();
    let never = tokio::spawn(async move { client.call::<_, ()>(("endless", "Endless.Never"), ()).await });
    let client = cluster.client();
    let mut hang: Receiver<String> = client.server_stream(("endless", "Endless.Hang"), ()).await?;
    let mut flood: Receiver<String> = client.server_stream(("endless", "Endless.Flood"), ()).await?;
    let flooded = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if let Err(error) = flood.next().await {
                return error;
            }
        }
    });
    assert_eq!(hang.next().await?.unwrap(), "begun");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let began = Instant::now();
    running.stop().await?;
    assert_eq!(began.elapsed().as_secs(), 5);
    for error in [never.await.unwrap().unwrap_err(), hang.next().await.unwrap_err(), flooded.await.unwrap()] {
        assert_eq!((error.code(), error.reason(), error.reached()), (Code::Unavailable, "STOPPING", true));
        assert_eq!(error.detail(), "the service stopped before the call was done");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_group_stops_with_the_one_that_fails() -> Result<()> {
    let (cluster, seen) = (Cluster::new(), Seen::default());
    let group = Group::new()
        .add(cluster.join(noted(echo(), &seen)))
        // This one is still starting.
        .add(cluster.join(Service::new("late").before_start(|| async { pending().await })))
        .add(cluster.join(Service::new("odd").server(Arc::new(Odd::Fails))));
    let error = group.run().await.unwrap_err();
    assert_eq!(error.detail(), "service `odd`: the address was lost");
    assert_eq!(seen.all(), ["after start", "before stop", "after stop"]);
    assert!(cluster.registry().list().await?.is_empty());

    // Told to stop while one of them starts, all stop, and that is no failure.
    let group = Group::new()
        .add(cluster.join(echo()))
        .add(cluster.join(Service::new("late").before_start(|| async { pending().await })));
    group.shutdown(soon()).run().await?;
    assert!(cluster.registry().list().await?.is_empty());
    Ok(())
}
