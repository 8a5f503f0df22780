use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::Instant;

use super::expiry::Timer;
use super::watch::Feed;
use crate::nodes::{Nodes, header};
use crate::{Event, Removal, Service};

/// All that a memory registry knows.
#[derive(Default)]
pub(super) struct State {
    names: BTreeMap<String, Nodes>,
    /// When nodes leave, by name and id. Those that stay are not in it.
    expiries: BTreeMap<(String, String), Instant>,
    feeds: Vec<Feed>,
    pub(super) timer: Option<Timer>,
}

impl State {
    /// Puts the nodes of a service, and returns when they expire.
    pub(super) fn register(&mut self, service: &Service, ttl: Duration) -> Option<Instant> {
        self.expire();
        // A TTL past the end of time is one that never ends.
        let expires = if ttl.is_zero() { None } else { Instant::now().checked_add(ttl) };
        let header = header(service);
        for node in &service.nodes {
            let key = (service.name.clone(), node.id.clone());
            match expires {
                Some(at) => drop(self.expiries.insert(key, at)),
                None => drop(self.expiries.remove(&key)),
            }
            let nodes = self.names.entry(service.name.clone()).or_default();
            let (before, now) = nodes.put(header.clone(), node.clone());
            let mut events = Vec::new();
            if let Some(before) = &before
                && before.service.version != now.service.version
            {
                events.push(before.removal(Removal::Deregistered));
            }
            if before.is_none_or(|before| !before.same(now)) {
                events.push(now.put());
            }
            self.tell(&service.name, &events);
        }
        expires
    }

    pub(super) fn deregister(&mut self, service: &Service) {
        self.expire();
        for node in &service.nodes {
            self.remove(&service.name, &node.id, Removal::Deregistered);
        }
    }

    pub(super) fn get(&mut self, name: &str) -> Option<Vec<Service>> {
        self.expire();
        self.names.get(name).map(Nodes::services)
    }

    pub(super) fn list(&mut self) -> Vec<String> {
        self.expire();
        self.names.keys().cloned().collect()
    }

    /// The nodes of one name, or of all.
    pub(super) fn nodes<'a>(
        &'a mut self,
        name: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a String, &'a Nodes)> {
        self.expire();
        self.names.iter().filter(move |(has, _)| name.is_none_or(|name| name == *has))
    }

    pub(super) fn subscribe(&mut self, feed: Feed) {
        self.feeds.push(feed);
    }

    pub(super) fn unsubscribe(&mut self, lagging: &Arc<AtomicBool>) {
        self.feeds.retain(|feed| !feed.is(lagging));
    }

    #[cfg(test)]
    pub(super) fn feeds(&self) -> usize {
        self.feeds.len()
    }

    /// Takes away what is over, and returns when the next node expires.
    pub(super) fn expire(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let over = |(key, at): (&(String, String), &Instant)| (*at <= now).then(|| key.clone());
        for (name, id) in self.expiries.iter().filter_map(over).collect::<Vec<_>>() {
            self.remove(&name, &id, Removal::Expired);
        }
        self.expiries.values().min().copied()
    }

    fn remove(&mut self, name: &str, id: &str, why: Removal) {
        self.expiries.remove(&(name.to_owned(), id.to_owned()));
        let Some(nodes) = self.names.get_mut(name) else { return };
        let Some(told) = nodes.remove(id) else { return };
        if nodes.is_empty() {
            self.names.remove(name);
        }
        self.tell(name, &[told.removal(why)]);
    }

    fn tell(&self, name: &str, events: &[Event]) {
        for feed in self.feeds.iter().filter(|feed| feed.wants(name)) {
            for event in events {
                feed.send(event);
            }
        }
    }
}
