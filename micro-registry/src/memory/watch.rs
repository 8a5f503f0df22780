use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use micro_core::{Error, Result};
use tokio::sync::mpsc;

use super::Shared;
use super::state::State;
use crate::nodes::Told;
use crate::{Event, Removal, Watch};

/// How many events wait for one watcher. One that is further behind is told the difference instead.
pub(super) const QUEUE: usize = 1024;

/// The registry's end of a watch.
pub(super) struct Feed {
    name: Option<String>,
    queue: mpsc::Sender<Event>,
    lagging: Arc<AtomicBool>,
}

/// The watcher's end.
pub(super) struct MemoryWatch {
    /// Weak: a watch does not keep a registry alive.
    shared: Weak<Shared>,
    name: Option<String>,
    queue: mpsc::Receiver<Event>,
    /// Set when an event did not fit. Read and written under the registry's lock only. It also tells the feeds apart.
    lagging: Arc<AtomicBool>,
    /// What is to be told before the queue: what was there at the beginning, or what a lagging watcher missed.
    ahead: VecDeque<Event>,
    /// What the watcher knows, by name and id.
    known: HashMap<(String, String), Told>,
}

impl Feed {
    pub(super) fn wants(&self, name: &str) -> bool {
        self.name.as_deref().is_none_or(|wanted| wanted == name)
    }

    pub(super) fn is(&self, lagging: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.lagging, lagging)
    }

    pub(super) fn send(&self, event: &Event) {
        if !self.lagging.load(Ordering::Relaxed) && self.queue.try_send(event.clone()).is_err() {
            self.lagging.store(true, Ordering::Relaxed);
        }
    }
}

impl MemoryWatch {
    pub(super) fn new(shared: &Arc<Shared>, name: Option<&str>) -> Self {
        let name = name.map(str::to_owned);
        let lagging = Arc::new(AtomicBool::new(false));
        let (sender, queue) = mpsc::channel(QUEUE);
        let mut state = shared.lock();
        let mut ahead = difference(&HashMap::new(), &mut state, name.as_deref());
        ahead.push_back(Event::Synced);
        state.subscribe(Feed { name: name.clone(), queue: sender, lagging: lagging.clone() });
        drop(state);
        Self { shared: Arc::downgrade(shared), name, queue, lagging, ahead, known: HashMap::new() }
    }

    /// The next event that is there already.
    fn ready(&mut self) -> Result<Option<Event>> {
        if let Some(event) = self.ahead.pop_front() {
            return Ok(Some(event));
        }
        if let Ok(event) = self.queue.try_recv() {
            return Ok(Some(event));
        }
        let Some(shared) = self.shared.upgrade() else {
            return Err(Error::unavailable("the registry memory was dropped"));
        };
        let mut state = shared.lock();
        // Under the lock, as an event may have come, or not have fitted, since the queue was empty.
        if let Ok(event) = self.queue.try_recv() {
            return Ok(Some(event));
        }
        if self.lagging.swap(false, Ordering::Relaxed) {
            self.ahead = difference(&self.known, &mut state, self.name.as_deref());
        }
        drop(state);
        Ok(self.ahead.pop_front())
    }

    fn learn(&mut self, event: &Event) {
        match event {
            Event::Put(service) => {
                let header = crate::nodes::header(service);
                for node in &service.nodes {
                    let told = Told::new(header.clone(), node.clone());
                    self.known.insert((service.name.clone(), node.id.clone()), told);
                }
            }
            Event::Remove { service, node, .. } => {
                self.known.remove(&(service.clone(), node.id.clone()));
            }
            Event::Synced => {}
        }
    }
}

/// What turns what a watcher knows into what is.
fn difference(
    known: &HashMap<(String, String), Told>,
    state: &mut State,
    name: Option<&str>,
) -> VecDeque<Event> {
    let mut gone = known.clone();
    let mut puts = Vec::new();
    for (name, nodes) in state.nodes(name) {
        for told in nodes.iter() {
            let key = (name.clone(), told.node.id.clone());
            let before = known.get(&key);
            // A node that is of another version now leaves the old one, as a watcher that kept up would have been told.
            if before.is_some_and(|before| before.service.version == told.service.version) {
                gone.remove(&key);
            }
            if before.is_none_or(|before| !before.same(told)) {
                puts.push(told.put());
            }
        }
    }
    // Why those went that are gone was in the events that did not fit.
    gone.values().map(|told| told.removal(Removal::Unknown)).chain(puts).collect()
}

#[async_trait]
impl Watch for MemoryWatch {
    async fn next(&mut self) -> Result<Event> {
        let event = match self.ready()? {
            Some(event) => event,
            None => match self.queue.recv().await {
                Some(event) => event,
                None => return Err(Error::unavailable("the registry memory was dropped")),
            },
        };
        self.learn(&event);
        Ok(event)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.lock().unsubscribe(&self.lagging);
        }
    }
}
