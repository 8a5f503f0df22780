use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use micro_core::{Error, Result};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::Shared;
use crate::unknown::unknown;
use crate::{Registry, Service};

/// What is known of one name. Reading it takes no lock.
pub struct Entry {
    name: String,
    registry: Arc<dyn Registry>,
    view: ArcSwapOption<View>,
    /// The version of the view; closed when nobody feeds the entry any more.
    version: watch::Receiver<u64>,
    /// Wakes the task that feeds the entry, so that it asks the registry now.
    ask: Notify,
    life: Arc<Life>,
    negative: Duration,
}

/// What an entry and its views tell each other, so that who has a view need not look the name up to know that it still
/// is the last one.
#[derive(Debug)]
struct Life {
    /// The version of the last view; 0 when nobody feeds the entry any more.
    version: AtomicU64,
    /// Whether somebody wanted to know it.
    used: AtomicBool,
}

/// The versions of a service at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct View {
    /// Grows with each view of a name.
    pub version: u64,
    /// The versions of the service, each with its nodes. None when nobody has the name.
    pub services: Vec<Service>,
    /// Whether the registry stands by this.
    pub freshness: Freshness,
    /// When it was seen.
    since: Instant,
    life: Arc<Life>,
}

/// Whether a registry stands by what it said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Freshness {
    /// It does.
    Fresh,
    /// It cannot be asked now, for this reason; what it said last is served.
    Stale(Arc<Error>),
    /// It does not have more than half of what it had any more, though nobody has deregistered that. It is served for a
    /// while ([`CacheOptions::grace`](super::CacheOptions::grace)): rather than that all have died at once, the registry
    /// has lost its data.
    Doubted,
}

impl Entry {
    pub(super) fn new(
        name: &str,
        registry: Arc<dyn Registry>,
        version: watch::Receiver<u64>,
        negative: Duration,
    ) -> Self {
        Self {
            name: name.to_owned(),
            registry,
            view: ArcSwapOption::empty(),
            version,
            ask: Notify::new(),
            life: Arc::new(Life { version: AtomicU64::new(0), used: AtomicBool::new(true) }),
            negative,
        }
    }

    /// One for which there is no room.
    pub(super) fn without_room(name: &str, shared: &Shared) -> Arc<Self> {
        let (_, version) = watch::channel(0);
        let entry = Self::new(name, shared.registry.clone(), version, shared.options.negative);
        let names = shared.options.names;
        let error = Error::resource_exhausted(format!(
            "the client watches {names} names already, and all are in use (`CacheOptions::names`)"
        ));
        entry.set(1, Vec::new(), Freshness::Stale(Arc::new(error)));
        entry.end();
        Arc::new(entry)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is known now; `None` before the registry's first answer or error.
    #[must_use]
    pub fn current(&self) -> Option<Arc<View>> {
        self.view.load_full()
    }

    /// A view with nodes: what is known, or else what the registry answers now.
    ///
    /// # Errors
    /// [`Code::NotFound`](micro_core::Code::NotFound) when nobody has the name, and the registry's error when it could
    /// not be asked and nothing is known.
    pub async fn ready(&self) -> Result<Arc<View>> {
        let mut version = self.version.clone();
        loop {
            version.borrow_and_update();
            match self.current() {
                Some(view) if !view.services.is_empty() => return Ok(view),
                Some(view) if view.since.elapsed() < self.negative => return Err(self.refusal(&view)),
                Some(_) => self.ask.notify_one(),
                None => {}
            }
            version.changed().await.map_err(|_| self.closed())?;
        }
    }

    /// A view with nodes, whenever there is one: it waits for a service that starts later.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the cache is dropped. It does not give up by itself:
    /// put a deadline around it, and let [`refused`](Self::refused) say what was waited for.
    pub async fn available(&self) -> Result<Arc<View>> {
        let mut version = self.version.clone();
        loop {
            version.borrow_and_update();
            if let Some(view) = self.current().filter(|view| !view.services.is_empty()) {
                return Ok(view);
            }
            match timeout(self.negative.max(Duration::from_millis(10)), version.changed()).await {
                Ok(changed) => changed.map_err(|_| self.closed())?,
                // The registry looks again: what announced the service may have been lost.
                Err(_) => self.ask.notify_one(),
            }
        }
    }

    /// A view that is newer than `version`.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable) when the cache is dropped.
    pub async fn changed(&self, version: u64) -> Result<Arc<View>> {
        let mut versions = self.version.clone();
        loop {
            versions.borrow_and_update();
            if let Some(view) = self.current().filter(|view| view.version > version) {
                return Ok(view);
            }
            versions.changed().await.map_err(|_| self.closed())?;
        }
    }

    /// Why there is no node: nobody has the name, or the registry could not be asked. `None` when there are nodes, or
    /// no answer yet.
    #[must_use]
    pub fn refused(&self) -> Option<Error> {
        self.current().filter(|view| view.services.is_empty()).map(|view| self.refusal(&view))
    }

    fn refusal(&self, view: &View) -> Error {
        match &view.freshness {
            Freshness::Fresh | Freshness::Doubted => unknown(&self.name, &*self.registry),
            Freshness::Stale(error) => Error::new(
                error.code(),
                format!(
                    "service `{}` could not be looked up in registry {} ({}): {}",
                    self.name,
                    self.registry.name(),
                    self.registry.place(),
                    error.detail()
                ),
            )
            .with_reason(error.reason().to_owned())
            .not_reached(),
        }
    }

    fn closed(&self) -> Error {
        if let Some(view) = self.current().filter(|view| view.is_stale() && view.services.is_empty()) {
            return self.refusal(&view);
        }
        Error::unavailable(format!("service `{}` is not looked up any more: its client has ended", self.name))
            .not_reached()
    }

    /// Makes a view the current one. Waiters are woken by whoever holds the sender of `version`.
    pub(super) fn set(&self, version: u64, services: Vec<Service>, freshness: Freshness) {
        let (since, life) = (Instant::now(), self.life.clone());
        self.view.store(Some(Arc::new(View { version, services, freshness, since, life })));
        self.life.version.store(version, Ordering::Release);
    }

    /// Nobody feeds it any more.
    pub(super) fn end(&self) {
        self.life.version.store(0, Ordering::Release);
    }

    /// Waits until somebody wants the registry to be asked now.
    pub(super) async fn asked(&self) {
        self.ask.notified().await;
    }

    pub(super) fn mark_used(&self) {
        self.life.mark_used();
    }

    /// Whether it is known that there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.view.load().as_ref().is_some_and(|view| view.services.is_empty())
    }

    /// Whether somebody has looked it up since this was asked last by [`take_used`](Self::take_used).
    pub(super) fn is_used(&self) -> bool {
        self.life.used.load(Ordering::Relaxed)
    }

    pub(super) fn take_used(&self) -> bool {
        self.life.used.swap(false, Ordering::Relaxed)
    }
}

impl Life {
    fn mark_used(&self) {
        // Read first: a line that all callers write would travel from core to core.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }
}

impl View {
    /// Whether this is what looking the name up would give now. To ask counts as looking it up, and costs less; where it
    /// is not, look it up.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.life.mark_used();
        self.life.version.load(Ordering::Acquire) == self.version
    }

    /// Whether the registry could not be asked when this was seen.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.freshness, Freshness::Stale(_))
    }
}

impl Debug for Entry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.name)
            .field("view", &self.current())
            .finish_non_exhaustive()
    }
}
