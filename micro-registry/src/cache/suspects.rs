use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::nodes::{Nodes, Told};

/// More nodes than that which went one after the other are no trouble of the registry: nodes come and go there.
const MAX_LEFT_OUT: usize = 1_000;

/// Nodes that went and that nobody has deregistered: are they dead, or is it the registry that is in trouble?
///
/// Nodes die one by one, and a registry loses all it has at once, or nearly so: as it starts again with nothing, or as
/// nobody could reach it and everything has expired. So where those that went in one step outnumber those that are
/// there, they are not believed to be dead: they are served, with all that went shortly before, until half of the
/// nodes are there again, or the grace is over. A minority is believed to be dead at once.
///
/// Time counts only while the registry answers: while it does not, nobody can register again.
#[derive(Debug)]
pub(super) struct Suspects {
    grace: Duration,
    by_id: BTreeMap<String, Suspect>,
    served: bool,
    /// Since when the registry has not answered, where it does not.
    paused: Option<Instant>,
}

#[derive(Debug)]
struct Suspect {
    told: Told,
    since: Instant,
}

impl Suspects {
    pub(super) fn new(grace: Duration) -> Self {
        Self { grace, by_id: BTreeMap::new(), served: false, paused: None }
    }

    /// These went in one step, and `known` are left.
    pub(super) fn add(&mut self, gone: Vec<Told>, known: &Nodes, now: Instant) {
        if self.grace.is_zero() {
            return;
        }
        self.served |= gone.len() > known.len();
        self.by_id.extend(gone.into_iter().map(|told| (told.node.id.clone(), Suspect { told, since: now })));
        self.settle(known);
    }

    /// A node has left for good, if it is of that version.
    pub(super) fn remove_of(&mut self, id: &str, version: &str) {
        if self.by_id.get(id).is_some_and(|suspect| suspect.told.service.version == version) {
            self.by_id.remove(id);
        }
    }

    /// Nodes have come or gone: those that are known are no suspects, and half of all is enough to believe the registry.
    pub(super) fn settle(&mut self, known: &Nodes) {
        self.by_id.retain(|id, _| !known.contains(id));
        if self.by_id.len() <= known.len() || self.by_id.is_empty() {
            self.served = false;
        }
        if !self.served && self.by_id.len() > MAX_LEFT_OUT {
            self.by_id.clear();
        }
    }

    /// The registry does not answer any more.
    pub(super) fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    /// It answers again: the time between does not count.
    pub(super) fn resume(&mut self, now: Instant) {
        let Some(paused) = self.paused.take() else { return };
        for suspect in self.by_id.values_mut() {
            suspect.since += now.duration_since(paused.max(suspect.since));
        }
    }

    /// Believes that those are dead whose grace is over. Returns whether any of them were served.
    pub(super) fn expire(&mut self, known: &Nodes, now: Instant) -> bool {
        let before = self.served().count();
        if self.paused.is_none() {
            self.by_id.retain(|_, suspect| now.duration_since(suspect.since) < self.grace);
            self.settle(known);
        }
        before != self.served().count()
    }

    /// When the next grace is over.
    pub(super) fn next_end(&self) -> Option<Instant> {
        let first = self.by_id.values().map(|suspect| suspect.since).min()?;
        // One past the end of time does not end.
        first.checked_add(self.grace).filter(|_| self.paused.is_none())
    }

    /// Those that are served.
    pub(super) fn served(&self) -> impl Iterator<Item = &Told> {
        self.by_id.values().filter(|_| self.served).map(|suspect| &suspect.told)
    }
}
