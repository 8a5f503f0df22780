//! What runs in the background: hears the network, and ends what is over.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mdns_sd::{Receiver, ResolvedService, ServiceEvent};
use micro_core::{Error, Result};
use micro_net::Backoff;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::{Instant, sleep, sleep_until};

use super::announcement::Announcement;
use super::daemon::{Daemon, label_of};
use super::describer::Describer;
use super::fingerprint::label;
use super::lock;
use super::search::Search;
use super::table::{Known, Table, key};
use super::txt::{self, Said};
use crate::{Removal, Service};

/// What a registry, its driver and its watches share.
pub(super) struct Shared {
    pub(super) daemon: Daemon,
    pub(super) table: Mutex<Table>,
    pub(super) search: Mutex<Search>,
    pub(super) describer: Arc<Describer>,
    /// Held while the network is asked.
    pub(super) asking: AsyncMutex<()>,
    /// Held while nodes of this process come or go, so that what the daemon has is what the table has.
    changing: AsyncMutex<()>,
    /// Wakes the driver when there is something new to wait for.
    pub(super) wake: Notify,
    revision: AtomicU64,
    /// No interface is up: nobody can be heard, and silence means nothing.
    cut_off: AtomicBool,
}

impl Shared {
    pub(super) fn new(daemon: Daemon, describer: Describer) -> Self {
        Self {
            daemon,
            table: Mutex::default(),
            search: Mutex::default(),
            describer: Arc::new(describer),
            asking: AsyncMutex::default(),
            changing: AsyncMutex::default(),
            wake: Notify::new(),
            revision: AtomicU64::new(0),
            cut_off: AtomicBool::new(false),
        }
    }

    pub(super) fn place(&self) -> String {
        self.daemon.place()
    }

    pub(super) async fn register(&self, service: &Service, ttl: Duration) -> Result<()> {
        if service.nodes.is_empty() {
            return Err(Error::invalid_argument(format!(
                "service `{}` cannot be registered: it has no node",
                service.name
            )));
        }
        let revision = self.next_revision();
        let mut ready = Vec::new();
        for announcement in Announcement::all(service, ttl, revision) {
            ready.push((txt::write(&announcement)?, announcement));
        }
        let _changing = self.changing.lock().await;
        for (said, announcement) in ready {
            let key = key(&announcement);
            let known = lock(&self.table).own_node(&key).map(|known| known.label.clone());
            let label = known.unwrap_or_else(|| label(&key.0, &key.1, revision));
            let address = announcement.node.address.clone();
            lock(&self.table).register(&label, announcement, Instant::now());
            self.wake.notify_one();
            self.daemon.announce(&label, &address, said).await?;
        }
        // It is announced when there is a network again; whether it is known to others is said now.
        self.daemon.connected()
    }

    pub(super) async fn deregister(&self, service: &Service) -> Result<()> {
        let _changing = self.changing.lock().await;
        for node in &service.nodes {
            let key = (service.name.clone(), node.id.clone());
            let known = lock(&self.table).own_node(&key).cloned();
            if let Some(known) = known {
                self.withdraw(&known, Removal::Deregistered).await?;
            }
        }
        // Others hear no goodbye without a network.
        self.daemon.connected()
    }

    /// Says goodbye for all nodes of this process and ends everything.
    pub(super) fn close(&self) {
        let mut table = lock(&self.table);
        table.close();
        let leaving: Vec<_> = table
            .own()
            .map(|known| {
                let said = txt::write_gone(self.next_revision(), Removal::Deregistered);
                (known.label.clone(), known.announcement.node.address.clone(), said)
            })
            .collect();
        drop(table);
        self.daemon.stop(leaving);
    }

    /// Says goodbye for a node and forgets it then: if this is cancelled, it is still there to say goodbye at its end.
    async fn withdraw(&self, known: &Known, why: Removal) -> Result<()> {
        let said = txt::write_gone(self.next_revision(), why);
        self.daemon.withdraw(&known.label, &known.announcement.node.address, said).await?;
        lock(&self.table).deregister(&key(&known.announcement), why, Instant::now());
        Ok(())
    }

    /// A number that no registration had before. It is made of the time, as a process that starts again with the ids of
    /// its nodes must differ from what is still remembered of it.
    pub(super) fn next_revision(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let now = u64::try_from(now).unwrap_or_default();
        let next = |last: u64| now.max(last.wrapping_add(1));
        let update = |last| Some(next(last));
        let last = self.revision.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        next(last.unwrap_or_else(|last| last))
    }

    /// Looked at before silence is taken for a death. What was heard is kept while there is no network, and those who
    /// watch are told that it is gone.
    fn is_cut_off(&self) -> bool {
        let cut_off = self.cut_off.load(Ordering::Relaxed) || self.daemon.connected().is_err();
        if cut_off && !self.cut_off.swap(true, Ordering::Relaxed) {
            tracing::debug!("mDNS: no interface is up: what was heard is kept");
            lock(&self.table).close();
        }
        cut_off
    }

    /// Notices that there is a network again.
    fn reconnect(&self) {
        if self.daemon.connected().is_ok() {
            lock(&self.table).renew(Instant::now());
            self.cut_off.store(false, Ordering::Relaxed);
        }
    }

    async fn expire(&self) {
        if self.is_cut_off() {
            return;
        }
        let _changing = self.changing.lock().await;
        let over = lock(&self.table).expire(Instant::now());
        for known in over {
            tracing::debug!(node = known.announcement.node.id, "mDNS: not registered again within its TTL");
            if let Err(error) = self.withdraw(&known, Removal::Expired).await {
                tracing::debug!(%error, "mDNS: no goodbye; will try again");
            }
        }
    }

    fn hear(&self, event: ServiceEvent) {
        let now = Instant::now();
        match event {
            ServiceEvent::ServiceResolved(found) => self.resolved(&found, now),
            ServiceEvent::ServiceRemoved(_, name) => {
                if let Some(label) = label_of(&name)
                    && !self.is_cut_off()
                {
                    lock(&self.table).lose(label, now);
                }
            }
            _ => {}
        }
    }

    fn resolved(&self, found: &ResolvedService, now: Instant) {
        let Some(label) = label_of(found.get_fullname()) else { return };
        let said: Vec<_> = found
            .get_properties()
            .iter()
            .map(|property| (property.key(), property.val().unwrap_or_default()))
            .collect();
        match txt::read(&said) {
            Ok(Said::Here(announcement)) => lock(&self.table).hear(label, *announcement, now),
            Ok(Said::Gone(why)) => lock(&self.table).leave(label, why, now),
            Err(why) => tracing::debug!(label, why, "mDNS: no record of ours: ignored"),
        }
    }
}

/// How often it is looked whether there is a network again.
const LOOK: Duration = Duration::from_secs(1);

/// A search that lasted this long has not failed.
const LASTS: Duration = Duration::from_secs(60);

/// Hears the network and ends what is over, for ever.
pub(super) async fn drive(shared: Arc<Shared>) {
    let mut backoff = Backoff::default();
    let mut ask_again = None;
    let mut asked = Instant::now();
    loop {
        let cut_off = shared.cut_off.load(Ordering::Relaxed);
        let end = if cut_off { None } else { lock(&shared.table).next_end() };
        let events = lock(&shared.search).events.front().cloned();
        tokio::select! {
            () = shared.wake.notified() => {}
            () = until(end) => shared.expire().await,
            () = sleep(LOOK), if cut_off => shared.reconnect(),
            () = until(ask_again) => {
                ask_again = None;
                asked = Instant::now();
                if let Err(error) = shared.ask().await {
                    tracing::warn!(%error, "mDNS: cannot ask the network; will try again");
                    ask_again = Some(Instant::now() + backoff.next_delay());
                }
            }
            event = receive(events) => match event {
                Some(event) => {
                    if asked.elapsed() > LASTS {
                        backoff.reset();
                    }
                    shared.hear(event);
                }
                None => {
                    let mut search = lock(&shared.search);
                    search.events.pop_front();
                    if search.events.is_empty() {
                        // The daemon died, or we were too slow for it.
                        ask_again = Some(Instant::now() + backoff.next_delay());
                    }
                }
            },
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The next event; `None` when there will be no more. Waits for ever where nobody has asked.
async fn receive(events: Option<Receiver<ServiceEvent>>) -> Option<ServiceEvent> {
    match events {
        Some(events) => events.recv_async().await.ok(),
        None => std::future::pending().await,
    }
}
