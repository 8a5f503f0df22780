//! Who waits for a place on a session, in the order in which they came.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::news::News;

/// Those who wait for places of this kind. Whoever finds one gives it to the one who waits longest.
pub(super) struct Queue<S> {
    waiting: Mutex<Waiting<S>>,
    /// Knows how many they are.
    news: Arc<News>,
}

struct Waiting<S> {
    /// By their numbers, which grow.
    places: BTreeMap<u64, oneshot::Sender<S>>,
    next: u64,
}

impl<S> Queue<S> {
    pub(super) fn new(news: Arc<News>) -> Self {
        Self { waiting: Mutex::new(Waiting { places: BTreeMap::new(), next: 0 }), news }
    }

    /// The end of the queue.
    pub(super) fn join(&self) -> Turn<'_, S> {
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        let given = self.enter(&mut waiting, number);
        drop(waiting);
        Turn { queue: self, number, given }
    }

    /// Gives a place to the one who waits longest, and back when nobody does.
    pub(super) fn give(&self, mut place: S) -> Option<S> {
        let mut waiting = self.waiting();
        while let Some((_, first)) = waiting.places.pop_first() {
            self.news.left();
            match first.send(place) {
                Ok(()) => return None,
                Err(back) => place = back,
            }
        }
        drop(waiting);
        Some(place)
    }

    fn enter(&self, waiting: &mut Waiting<S>, number: u64) -> oneshot::Receiver<S> {
        let (give, given) = oneshot::channel();
        waiting.places.insert(number, give);
        self.news.joined();
        given
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<S>> {
        // Nothing that runs under the lock leaves it half done.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn in the queue. Who drops it leaves; what it was given, and does not take, is dropped with it.
pub(super) struct Turn<'a, S> {
    queue: &'a Queue<S>,
    number: u64,
    given: oneshot::Receiver<S>,
}

impl<S> Turn<'_, S> {
    /// What it was given.
    pub(super) fn take(&mut self) -> Option<S> {
        self.given.try_recv().ok()
    }

    /// Waits for what it is given.
    pub(super) async fn given(&mut self) -> Option<S> {
        (&mut self.given).await.ok()
    }

    /// Waits again, as what it was given was of no use, in front of those who came later.
    pub(super) fn again(&mut self) {
        self.given = self.queue.enter(&mut self.queue.waiting(), self.number);
    }
}

impl<S> Drop for Turn<'_, S> {
    fn drop(&mut self) {
        if self.queue.waiting().places.remove(&self.number).is_some() {
            self.queue.news.left();
        }
    }
}
