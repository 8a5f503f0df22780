use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::announcement::Announcement;
use crate::{Event, Removal};

/// More nodes than any network segment has; a bound on what strangers can make us remember.
const MAX_NODES: usize = 10_000;

/// How many changes wait for a watcher. One that is further behind is told that it is lost.
const QUEUE: usize = 4_096;

/// How long the last words of a node that is gone are remembered: packets that were under way are no sign of life.
const MEMORY: Duration = Duration::from_secs(300);

/// A service and a node of it.
pub(super) type Key = (String, String);

/// All nodes that are known, and those who want to know.
pub(super) struct Table {
    nodes: BTreeMap<Key, Known>,
    /// The nodes by their DNS labels.
    labels: HashMap<String, Key>,
    /// What was last heard of labels that are gone, and when they went.
    graves: HashMap<String, (u64, Instant)>,
    watchers: Vec<Watcher>,
    /// Counts the changes, for those who wait for one.
    changes: watch::Sender<u64>,
}

/// A node that is known.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) label: String,
    pub(super) announcement: Announcement,
    /// Registered here, not heard.
    pub(super) own: bool,
    /// When it was first known.
    since: Instant,
    /// When its last sign of life came.
    heard: Instant,
    /// Which change made it what it is.
    order: u64,
}

struct Watcher {
    name: Option<String>,
    queue: mpsc::Sender<Change>,
}

/// A change, for those who watch.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Put(Box<Announcement>),
    Remove(Box<Announcement>, Removal),
}

impl Change {
    pub(super) fn announcement(&self) -> &Announcement {
        match self {
            Self::Put(announcement) | Self::Remove(announcement, _) => announcement,
        }
    }

    pub(super) fn event(&self) -> Event {
        match self {
            Self::Put(announcement) => announcement.told().put(),
            Self::Remove(announcement, why) => announcement.told().removal(*why),
        }
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            nodes: BTreeMap::new(),
            labels: HashMap::new(),
            graves: HashMap::new(),
            watchers: Vec::new(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Table {
    /// A node of this process is registered.
    pub(super) fn register(&mut self, label: &str, announcement: Announcement, now: Instant) {
        self.put(label, announcement, true, now);
    }

    /// Somebody announced a node.
    pub(super) fn hear(&mut self, label: &str, announcement: Announcement, now: Instant) {
        if self.graves.get(label).is_some_and(|(revision, _)| *revision == announcement.revision) {
            return;
        }
        let known = self.nodes.get(&key(&announcement));
        // What is registered here is known better here; and the same words again are an echo.
        if known.is_some_and(|known| {
            known.own || (known.label == label && known.announcement.revision == announcement.revision)
        }) {
            return;
        }
        if known.is_none() && self.nodes.len() >= MAX_NODES {
            tracing::debug!(label, "mDNS: more than {MAX_NODES} nodes: ignored");
            return;
        }
        self.put(label, announcement, false, now);
    }

    /// A node said that it leaves, and why.
    pub(super) fn leave(&mut self, label: &str, why: Removal, now: Instant) {
        if let Some(key) = self.heard_as(label) {
            self.remove(&key, why, now);
        }
    }

    /// The records of a node are gone from DNS: DNS-SD's goodbye, a second after it was said, or a network that is gone.
    pub(super) fn lose(&mut self, label: &str, now: Instant) {
        let Some(key) = self.heard_as(label) else { return };
        self.remove(&key, Removal::Unknown, now);
        // The network may come back, with the node as it was.
        self.graves.remove(label);
    }

    /// Takes a node of this process away.
    pub(super) fn deregister(&mut self, key: &Key, why: Removal, now: Instant) {
        if self.own_node(key).is_some() {
            self.remove(key, why, now);
        }
    }

    /// Takes away what was not heard of within its TTL. Returns what of it was registered here, and leaves that: it has
    /// to say goodbye first.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Known> {
        self.graves.retain(|_, (_, went)| now.duration_since(*went) < MEMORY);
        let over: Vec<_> = self.nodes.values().filter(|known| known.ends() <= now).cloned().collect();
        let (own, heard): (Vec<_>, Vec<_>) = over.into_iter().partition(|known| known.own);
        for known in heard {
            self.remove(&key(&known.announcement), Removal::Expired, now);
        }
        own
    }

    /// The network is back after it was gone: whoever could not be heard has a new TTL to be heard again.
    pub(super) fn renew(&mut self, now: Instant) {
        self.nodes.values_mut().for_each(|known| known.heard = now);
    }

    /// When the next node ends.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.nodes.values().map(Known::ends).min()
    }

    /// A node of this process.
    pub(super) fn own_node(&self, key: &Key) -> Option<&Known> {
        self.nodes.get(key).filter(|known| known.own)
    }

    /// The nodes of this process.
    pub(super) fn own(&self) -> impl Iterator<Item = &Known> {
        self.nodes.values().filter(|known| known.own)
    }

    /// The nodes of a name, the one that changed last at the end.
    pub(super) fn named(&self, name: &str) -> Vec<Announcement> {
        let mut found: Vec<_> = self.of(name).collect();
        found.sort_by_key(|known| known.order);
        found.into_iter().map(|known| known.announcement.clone()).collect()
    }

    /// When the first of the nodes of a name was known.
    pub(super) fn first(&self, name: &str) -> Option<Instant> {
        self.of(name).map(|known| known.since).min()
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.nodes.keys().map(|(name, _)| name.clone()).collect();
        names.dedup();
        names
    }

    /// What is there, and what changes from now on.
    pub(super) fn watch(&mut self, name: Option<&str>) -> (Vec<Change>, mpsc::Receiver<Change>) {
        self.watchers.retain(|watcher| !watcher.queue.is_closed());
        let (queue, changes) = mpsc::channel(QUEUE);
        self.watchers.push(Watcher { name: name.map(str::to_owned), queue });
        let wanted = |known: &&Known| name.is_none_or(|name| name == known.announcement.service.name);
        let there = self.nodes.values().filter(wanted);
        (there.map(|known| Change::Put(Box::new(known.announcement.clone()))).collect(), changes)
    }

    /// How many nodes are known.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Tells those who wait that something has changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Ends all watches.
    pub(super) fn close(&mut self) {
        self.watchers.clear();
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Known> {
        let first = (name.to_owned(), String::new());
        self.nodes.range(first..).take_while(move |((is, _), _)| is == name).map(|(_, known)| known)
    }

    fn heard_as(&self, label: &str) -> Option<Key> {
        let key = self.labels.get(label)?;
        self.nodes.get(key).filter(|known| !known.own).map(|_| key.clone())
    }

    fn put(&mut self, label: &str, announcement: Announcement, own: bool, now: Instant) {
        let key = key(&announcement);
        let before = self.nodes.remove(&key);
        let same = before.as_ref().is_some_and(|known| known.announcement.says_the_same(&announcement));
        if let Some(before) = &before {
            if before.label != label {
                self.labels.remove(&before.label);
                self.graves.insert(before.label.clone(), (before.announcement.revision, now));
            }
            if before.announcement.service.version != announcement.service.version {
                self.tell(&Change::Remove(Box::new(before.announcement.clone()), Removal::Deregistered));
            }
        }
        if !same {
            self.tell(&Change::Put(Box::new(announcement.clone())));
        }
        let (since, order) = before.map_or((now, 0), |before| (before.since, before.order));
        let order = if same { order } else { *self.changes.borrow() };
        self.labels.insert(label.to_owned(), key.clone());
        self.nodes
            .insert(key, Known { label: label.to_owned(), announcement, own, since, heard: now, order });
    }

    fn remove(&mut self, key: &Key, why: Removal, now: Instant) {
        let Some(known) = self.nodes.remove(key) else { return };
        self.labels.remove(&known.label);
        self.graves.insert(known.label, (known.announcement.revision, now));
        self.tell(&Change::Remove(Box::new(known.announcement), why));
    }

    fn tell(&mut self, change: &Change) {
        self.changes.send_modify(|count| *count += 1);
        let name = &change.announcement().service.name;
        self.watchers.retain(|watcher| {
            // A watcher without a sender learns at the end of its queue that it is lost.
            watcher.name.as_ref().is_some_and(|wanted| wanted != name)
                || watcher.queue.try_send(change.clone()).is_ok()
        });
    }
}

impl Known {
    fn ends(&self) -> Instant {
        // A TTL past the end of time is one that lasts as long as anybody looks.
        self.heard.checked_add(self.announcement.ttl).unwrap_or(self.heard + MEMORY)
    }
}

/// The service and the node of an announcement.
pub(super) fn key(announcement: &Announcement) -> Key {
    (announcement.service.name.clone(), announcement.node.id.clone())
}

#[cfg(test)]
mod tests;
