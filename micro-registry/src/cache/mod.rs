//! What a client knows of services, kept fresh by watches.

mod entry;
mod feed;
mod machine;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use micro_net::Backoff;
use tokio::task::JoinHandle;

pub use self::entry::{Entry, Freshness, View};
use crate::Registry;

/// What a client knows of services: one [`Entry`] for each name, fed by one shared watch.
///
/// * The watch of a name begins with its first lookup, however many callers there are, and ends when the name was not
///   looked up for a while, or when the cache is dropped.
/// * An error of the registry empties nothing: what was known is served, marked as [`Freshness::Stale`], until the
///   registry answers again. Only an answer takes nodes away. The watch is tried again for ever, backing off.
/// * That a name is unknown is known too. Who asks again later makes the registry look again, but not more often than
///   [`CacheOptions::negative`] says.
/// * A registry that cannot be watched is asked again and again while the name is in use.
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
    /// The waits between attempts to watch: from 100 ms up to 10 s.
    pub backoff: Backoff,
}

struct Shared {
    registry: Arc<dyn Registry>,
    options: CacheOptions,
    slots: RwLock<HashMap<String, Slot>>,
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
        Self(Arc::new(Shared { registry, options, slots: RwLock::default() }))
    }

    /// The registry behind it.
    #[must_use]
    pub fn registry(&self) -> &Arc<dyn Registry> {
        &self.0.registry
    }

    /// What is known of a name. The first lookup of a name begins to watch it.
    ///
    /// An entry that is held stays fed, so look up for each call, and hold it no longer than that.
    ///
    /// # Panics
    /// When a name is looked up first outside of a tokio runtime.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Arc<Entry> {
        let slots = self.0.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = slots.get(name).and_then(Slot::entry) {
            return entry;
        }
        drop(slots);
        let mut slots = self.0.slots.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = slots.get(name).and_then(Slot::entry) {
            return entry;
        }
        let (entry, feed) = feed::new(name, &self.0);
        let task = tokio::spawn(feed);
        // Where a slot was, its task has ended with its runtime.
        slots.insert(name.to_owned(), Slot { entry: entry.clone(), task });
        entry
    }

    /// How many names are watched.
    #[must_use]
    pub fn watched(&self) -> usize {
        self.0.slots.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Shared {
    /// Forgets an entry that nobody uses, and says whether it did. Called by the entry's task.
    fn retire(&self, entry: &Arc<Entry>) -> bool {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        // Lookups are locked out, so nobody but the slot and its task holds an entry that is counted twice.
        let unused = Arc::strong_count(entry) == 2 && !entry.take_used();
        if unused && slots.get(entry.name()).is_some_and(|slot| Arc::ptr_eq(&slot.entry, entry)) {
            slots.remove(entry.name());
        }
        unused
    }
}

impl Slot {
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
