//! What a client knows of services, kept fresh by watches.

mod entry;
mod feed;
mod machine;
mod suspects;
#[cfg(test)]
mod tests;
mod trouble;

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro_net::Backoff;
use tokio::task::JoinHandle;

pub use self::entry::{Entry, Freshness, View};
use self::trouble::Trouble;
use crate::Registry;
use micro_core::{Name, NameMap};

/// What a client knows of services: one [`Entry`] for each name, fed by one shared watch.
///
/// * The watch of a name begins with its first lookup, however many callers there are, and ends when the name was not
///   looked up for a while, or when the cache is dropped.
/// * An error of the registry empties nothing: what was known is served, marked as [`Freshness::Stale`], until the
///   registry answers again. Only an answer takes nodes away. The watch is tried again for ever, backing off.
/// * A registry that answers again and has lost its data empties nothing either: where most nodes of a name went at once
///   and were not deregistered, they are served for a while, marked as [`Freshness::Doubted`], until they are registered
///   again. One that goes alone, or was deregistered, is gone at once.
/// * That a name is unknown is known too. Who asks again later makes the registry look again, but not more often than
///   [`CacheOptions::negative`] says.
/// * A registry that cannot be watched is asked again and again while the name is in use.
/// * It holds a limited number of names ([`CacheOptions::names`]), as names may come from strangers.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use micro_core::Address;
/// use micro_registry::{Cache, Memory, Node, RegisterOptions, Registry, Service};
///
/// let registry = Memory::new();
/// let cache = Cache::new(Arc::new(registry.clone()));
/// let error = cache.lookup("greeter").ready().await.unwrap_err();
/// assert_eq!(error.detail(), "service `greeter` is not known to registry memory (this process)");
///
/// let node = Node::new("greeter-1", Address::new("127.0.0.1:9090")?);
/// registry.register(&Service::new("greeter", "latest").with_node(node), &RegisterOptions::default()).await?;
/// let view = cache.lookup("greeter").available().await?;
/// assert_eq!(view.services[0].nodes[0].id, "greeter-1");
/// # Ok::<(), micro_core::Error>(()) }).unwrap();
/// ```
pub struct Cache(Arc<Shared>);

/// How a [`Cache`] behaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheOptions {
    /// How long the watch of a name goes on that nobody looks up: 1 min.
    pub idle: Duration,
    /// How long nobody asks the registry again about a name that it does not know, or could not answer for: 1 s.
    pub negative: Duration,
    /// How long the registry may take to answer: 5 s.
    pub timeout: Duration,
    /// How often a registry that cannot be watched is asked: every 5 s.
    pub poll: Duration,
    /// The waits between attempts to watch: from 100 ms up to 10 s. A cache of many names waits longer at first, so that
    /// a registry that comes back meets 500 watches a second on average, and not all at once.
    pub backoff: Backoff,
    /// How long nodes are served that went together and were not deregistered, while the registry answers: 60 s. It
    /// should be longer than services take to register again: their interval, and the wait after a failure. Zero: what
    /// the registry has lost is lost.
    pub grace: Duration,
    /// How long is served what was known before the registry stopped answering. `None`, the default: as long as that
    /// takes, because nodes that answer do not depend on the registry, and those that do not are the selector's to
    /// avoid. When the time is over, all that was known of the name is forgotten, and calls fail with the registry's
    /// error. It is looked at with each attempt to watch.
    pub stale: Option<Duration>,
    /// How many names are watched at the most: 10,000. For one more, a name is forgotten that nobody has and nobody waits
    /// for, or that was not looked up lately; where all are in use, looking up fails with
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted).
    pub names: usize,
}

struct Shared {
    registry: Arc<dyn Registry>,
    options: CacheOptions,
    slots: RwLock<NameMap<Slot>>,
    /// Names that the registry does not answer for.
    outage: Arc<Trouble>,
    /// Names whose nodes the registry has lost.
    losses: Arc<Trouble>,
}

/// An entry and the task that feeds it, which ends with it.
struct Slot {
    entry: Arc<Entry>,
    task: JoinHandle<()>,
}

impl Cache {
    /// A cache of what that registry knows.
    #[must_use]
    pub fn new(registry: Arc<dyn Registry>) -> Self {
        Self::with_options(registry, CacheOptions::default())
    }

    /// The same, with other options.
    #[must_use]
    pub fn with_options(registry: Arc<dyn Registry>, options: CacheOptions) -> Self {
        let (outage, losses) = Default::default();
        Self(Arc::new(Shared { registry, options, slots: RwLock::default(), outage, losses }))
    }

    /// The registry behind it.
    #[must_use]
    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.0.registry
    }

    /// What is known of a name. The first lookup of a name begins to watch it.
    ///
    /// Where the cache is full ([`CacheOptions::names`]), the entry refuses all that is asked of it.
    ///
    /// An entry that is held stays fed, so look up for each call, and hold it no longer than that.
    ///
    /// # Panics
    /// When a name is looked up first outside of a tokio runtime.
    #[must_use]
    pub fn lookup<'a>(&self, name: impl Into<Name<'a>>) -> Arc<Entry> {
        let name = name.into();
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = slots.get(name).and_then(Slot::entry) {
            return entry;
        }
        // Looked for before others are locked out, as it may take all names.
        let spare = if slots.len() < self.0.options.names { None } else { spare(&slots) };
        drop(slots);
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = slots.get(name).and_then(Slot::entry) {
            return entry;
        }
        if let Some(spare) = spare.filter(|spare| slots.get(Name::new(spare)).is_some_and(Slot::is_unheld)) {
            slots.remove(&spare);
        }
        if slots.len() >= self.0.options.names && !slots.contains(name) {
            return Entry::without_room(name.as_str(), &self.0);
        }
        let (entry, feed) = feed::new(name.as_str(), &self.0);
        let task = tokio::spawn(feed);
        // Where a slot was, its task has ended with its runtime.
        slots.insert(name.as_str(), Slot { entry: entry.clone(), task });
        entry
    }

    /// How many names are watched.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.0.watched()
    }
}

impl Shared {
    fn watched(&self) -> usize {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Forgets an entry that nobody uses, and says whether it did. Called by the entry's task.
    fn retire(&self, entry: &Arc<Entry>) -> bool {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        // Lookups are locked out, so nobody but the slot and its task holds an entry that is counted twice.
        let unused = Arc::strong_count(entry) == 2 && !entry.take_used();
        if unused && slots.get(Name::new(entry.name())).is_some_and(|slot| Arc::ptr_eq(&slot.entry, entry)) {
            slots.remove(entry.name());
        }
        unused
    }
}

/// A name that can be forgotten: that nobody has, or else that was not looked up lately.
fn spare(slots: &NameMap<Slot>) -> Option<String> {
    let unheld = || slots.iter().filter(|(_, slot)| slot.is_unheld());
    let unknown = unheld().find(|(_, slot)| slot.entry.is_empty());
    unknown.or_else(|| unheld().find(|(_, slot)| !slot.entry.is_used())).map(|(name, _)| name.to_owned())
}

impl Slot {
    /// Whether only the slot and its task hold the entry.
    fn is_unheld(&self) -> bool {
        Arc::strong_count(&self.entry) <= 2
    }

    fn entry(&self) -> Option<Arc<Entry>> {
        if self.task.is_finished() {
            return None;
        }
        self.entry.mark_used();
        Some(self.entry.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            negative: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
            poll: Duration::from_secs(5),
            backoff: Backoff::default(),
            grace: Duration::from_secs(60),
            stale: None,
            names: 10_000,
        }
    }
}

impl Debug for Cache {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("registry", &self.0.registry)
            .field("watched", &self.watched())
            .finish_non_exhaustive()
    }
}
