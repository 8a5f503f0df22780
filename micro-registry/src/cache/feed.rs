//! The task that feeds an entry: it watches, and watches again, for ever.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use micro_core::{Code, Error, Result};
use micro_net::Backoff;
use tokio::select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::entry::{Entry, Freshness};
use super::machine::Machine;
use super::trouble::{Ongoing, Trouble};
use super::{CacheOptions, Shared};
use crate::{Registry, Service, Watch};

/// A quarter of the idle time is waited at a time, so that an entry ends after 1 to 1 1/4 of it.
const LOOKS: u32 = 4;

/// The names of a cache whose watches were lost together are watched again over as long as this for each.
const SPREAD: Duration = Duration::from_millis(2);

struct Feed<'a> {
    entry: &'a Entry,
    registry: &'a dyn Registry,
    options: &'a CacheOptions,
    machine: Machine,
    version: watch::Sender<u64>,
    shared: &'a Weak<Shared>,
    backoff: Backoff,
    outage: Arc<Trouble>,
    losses: Arc<Trouble>,
    /// Where the last thing that was heard of the registry is a failure.
    failing: Option<Ongoing>,
    /// Since when that is so.
    failing_since: Instant,
    /// Where nodes are served that the registry has lost.
    doubting: Option<Ongoing>,
    /// When the watch was synced that is followed now.
    synced: Option<Instant>,
}

/// An entry, and what feeds it.
pub(super) fn new(name: &str, shared: &Arc<Shared>) -> (Arc<Entry>, impl Future<Output = ()> + use<>) {
    let (sender, receiver) = watch::channel(0);
    let entry = Arc::new(Entry::new(name, shared.registry.clone(), receiver, shared.options.negative));
    let task =
        run(Arc::downgrade(shared), shared.registry.clone(), shared.options.clone(), entry.clone(), sender);
    (entry, task)
}

async fn run(
    shared: Weak<Shared>,
    registry: Arc<dyn Registry>,
    options: CacheOptions,
    entry: Arc<Entry>,
    version: watch::Sender<u64>,
) {
    let (outage, losses) = match shared.upgrade() {
        Some(shared) => (shared.outage.clone(), shared.losses.clone()),
        None => return,
    };
    let mut feed = Feed {
        entry: &entry,
        registry: &*registry,
        backoff: options.backoff.clone(),
        options: &options,
        machine: Machine::new(entry.name(), options.grace),
        version,
        shared: &shared,
        outage,
        losses,
        failing: None,
        failing_since: Instant::now(),
        doubting: None,
        synced: None,
    };
    select! {
        never = feed.run() => match never {},
        () = unused(&shared, &entry, &options) => {}
    }
}

/// Waits until nobody uses the entry any more and it is forgotten.
async fn unused(shared: &Weak<Shared>, entry: &Arc<Entry>, options: &CacheOptions) {
    let mut looks = 0;
    loop {
        sleep(options.idle / LOOKS).await;
        let Some(shared) = shared.upgrade() else { return };
        looks = if entry.take_used() { 0 } else { looks + 1 };
        if looks >= LOOKS && shared.retire(entry) {
            return;
        }
    }
}

/// Its views are the last ones of the name no more, however the task ends.
impl Drop for Feed<'_> {
    fn drop(&mut self) {
        self.entry.end();
    }
}

impl Feed<'_> {
    async fn run(&mut self) -> Infallible {
        loop {
            // A registry may be anybody's: its panic is an error as any other, and costs nothing of what is known.
            let attempt = AssertUnwindSafe(self.attempt()).catch_unwind().await;
            let lost = attempt.unwrap_or_else(|_| Some(Error::internal("the registry panicked")));
            self.machine.lost(Instant::now());
            self.earn();
            if let Some(error) = lost {
                self.failed(error);
                self.rest().await;
            }
        }
    }

    /// Watches once, until that fails; `None` when it has to be done again at once.
    async fn attempt(&mut self) -> Option<Error> {
        let watching = timeout(self.options.timeout, self.registry.watch(Some(self.entry.name())));
        match watching.await.unwrap_or_else(|_| Err(self.silent())) {
            Ok(mut watch) => self.follow(&mut *watch).await,
            Err(error) if error.code() == Code::Unimplemented => Some(self.poll().await),
            Err(error) => Some(error),
        }
    }

    /// Does what a watch says, until it is lost.
    async fn follow(&mut self, watch: &mut dyn Watch) -> Option<Error> {
        self.machine.begun();
        let limit = Instant::now() + self.options.timeout;
        loop {
            let mut asking: Option<BoxFuture<'_, Result<Vec<Service>>>> = None;
            // Finished even where other things happen first: a watch need not bear that `next` is given up.
            let mut next = watch.next();
            let event = loop {
                let synced = self.machine.is_synced();
                select! {
                    event = &mut next => break event,
                    () = sleep_until(limit), if !synced => return Some(self.silent()),
                    () = until(self.machine.next_end()) => if self.machine.expire(Instant::now()) {
                        self.publish();
                    },
                    () = self.entry.asked(), if synced && self.machine.is_empty() && asking.is_none() => {
                        asking = Some(Box::pin(get(self.registry, self.entry, self.options)));
                    }
                    answer = answer(&mut asking) => {
                        asking = None;
                        match answer {
                            // The watch has missed something: it is made again, as it alone says when nodes go.
                            Ok(services) if !services.is_empty() => {
                                self.machine.answered(services, Instant::now());
                                self.publish();
                                return None;
                            }
                            Ok(_) => self.publish(),
                            Err(error) => self.publish_as(Freshness::Stale(Arc::new(error))),
                        }
                    }
                }
            };
            drop(next);
            match event {
                Ok(event) => {
                    if self.machine.told(event, Instant::now()) {
                        self.heard();
                        self.publish();
                    }
                }
                Err(error) => return Some(error),
            }
        }
    }

    /// Asks again and again, as the registry cannot be watched; until it fails.
    async fn poll(&mut self) -> Error {
        loop {
            match get(self.registry, self.entry, self.options).await {
                Ok(services) => {
                    self.heard();
                    self.machine.answered(services, Instant::now());
                    self.machine.expire(Instant::now());
                    self.publish();
                }
                Err(error) => return error,
            }
            select! {
                () = sleep(self.options.poll) => {}
                () = until(self.machine.next_end()) => {}
                () = self.entry.asked(), if self.machine.is_empty() => {}
            }
        }
    }

    /// Shows what the registry stands by, and what it has lost.
    fn publish(&mut self) {
        let suspects = self.machine.suspects();
        if suspects == 0 {
            if let Some(lasted) = self.doubting.take().and_then(Ongoing::end) {
                tracing::info!(
                    registry = self.registry.name(),
                    place = self.registry.place(),
                    after = ?lasted,
                    "no nodes are served any more that the registry does not have"
                );
            }
            return self.publish_as(Freshness::Fresh);
        }
        if self.doubting.is_none() {
            let doubting = self.losses.begin();
            self.say_lost(suspects, doubting.first);
            self.doubting = Some(doubting);
        }
        self.publish_as(Freshness::Doubted);
    }

    fn say_lost(&self, suspects: usize, first: bool) {
        let (registry, place) = (self.registry.name(), self.registry.place());
        let (service, grace) = (self.entry.name(), self.options.grace);
        if first {
            tracing::warn!(
                service,
                registry,
                place,
                suspects,
                ?grace,
                "the registry has lost most nodes at once, and nobody deregistered them: they are served until they are \
                 registered again, or the grace is over (the same for more services is logged as debug)"
            );
        } else {
            tracing::debug!(service, registry, place, suspects, ?grace, "of this service, too");
        }
    }

    fn publish_as(&self, freshness: Freshness) {
        let version = *self.version.borrow() + 1;
        self.entry.set(version, self.machine.services(), freshness);
        self.version.send_replace(version);
    }

    /// The registry has answered.
    fn heard(&mut self) {
        self.synced.get_or_insert_with(Instant::now);
        if let Some(lasted) = self.failing.take().and_then(Ongoing::end) {
            tracing::info!(
                registry = self.registry.name(),
                place = self.registry.place(),
                after = ?lasted,
                "the registry answers again"
            );
        }
    }

    /// The watch is over. Only one that has lasted earns short waits: a registry that takes each watch and ends it at
    /// once would be asked many times a second for ever.
    fn earn(&mut self) {
        if self.synced.take().is_some_and(|synced| synced.elapsed() >= self.backoff.cap()) {
            self.backoff.reset();
        }
    }

    fn failed(&mut self, error: Error) {
        // Said once for an outage, not for each attempt nor for each name.
        if self.failing.is_none() {
            let (failing, service) = (self.outage.begin(), self.entry.name());
            let (registry, place) = (self.registry.name(), self.registry.place());
            if failing.first {
                tracing::warn!(
                    service, registry, place, %error,
                    "the registry cannot be asked; what is known is served (the same for more services is logged as debug)"
                );
            } else {
                tracing::debug!(service, registry, place, %error, "nor for this service");
            }
            (self.failing, self.failing_since) = (Some(failing), Instant::now());
        } else if self.options.stale.is_some_and(|limit| self.failing_since.elapsed() >= limit) {
            self.machine = Machine::new(self.entry.name(), self.options.grace);
            self.doubting = None;
        }
        self.publish_as(Freshness::Stale(Arc::new(error)));
    }

    /// Waits before the next attempt; who has nothing to call and asks shortens it.
    async fn rest(&mut self) {
        let names = self.shared.upgrade().map_or(1, |shared| shared.watched());
        let names = u32::try_from(names).unwrap_or(u32::MAX);
        let delay = self.backoff.next_delay().max((SPREAD * names).mul_f64(fastrand::f64()));
        select! {
            () = sleep(delay) => {}
            () = self.entry.asked(), if self.machine.is_empty() => {}
        }
    }

    fn silent(&self) -> Error {
        silent(self.options)
    }
}

/// Asks the registry. That nobody has the name is an answer: nothing.
async fn get(registry: &dyn Registry, entry: &Entry, options: &CacheOptions) -> Result<Vec<Service>> {
    match timeout(options.timeout, registry.get(entry.name())).await {
        Ok(Err(error)) if error.code() == Code::NotFound => Ok(Vec::new()),
        Ok(answer) => answer,
        Err(_) => Err(silent(options)),
    }
}

fn silent(options: &CacheOptions) -> Error {
    Error::unavailable(format!("the registry has not answered within {:?}", options.timeout))
}

async fn answer(asking: &mut Option<BoxFuture<'_, Result<Vec<Service>>>>) -> Result<Vec<Service>> {
    match asking {
        Some(asking) => asking.await,
        None => pending().await,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => pending().await,
    }
}
