//! What those who wait for a session are told.

use std::fmt::{self, Debug, Formatter};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Notify, futures::Notified, watch};

/// Wakes those who wait for a session.
pub(crate) struct News {
    changed: watch::Sender<()>,
    /// One of them for each place that is free again.
    freed: Notify,
    /// How many wait for a place.
    waiting: AtomicUsize,
}

impl Debug for News {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("News")
    }
}

impl Default for News {
    fn default() -> Self {
        Self { changed: watch::Sender::new(()), freed: Notify::new(), waiting: AtomicUsize::new(0) }
    }
}

impl News {
    /// A session has changed, which all of them look at.
    pub(crate) fn changed(&self) {
        self.changed.send_replace(());
    }

    /// A session has a place again. One of those who wait is told, and gives the places there are to those whose turn
    /// it is.
    pub(crate) fn freed(&self) {
        if self.is_awaited() {
            self.freed.notify_one();
        }
    }

    /// Somebody begins to wait for a place.
    pub(crate) fn joined(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
    }

    /// Somebody has a place, or waits for none any more.
    pub(crate) fn left(&self) {
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether anybody waits for a place: it is theirs. Ordered with the number of calls of a session: either a call
    /// that ends sees who waits, or that one sees its place.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// What happens from now on.
    pub(crate) fn subscribe(&self) -> Listening<'_> {
        let mut freed = Box::pin(self.freed.notified());
        freed.as_mut().enable();
        Listening { news: self, changed: self.changed.subscribe(), freed }
    }
}

/// Who waits for a session. What it was told of and does not look at any more, the next one is told of.
pub(crate) struct Listening<'a> {
    news: &'a News,
    changed: watch::Receiver<()>,
    freed: Pin<Box<Notified<'a>>>,
}

impl Listening<'_> {
    /// Waits for a session that has changed.
    pub(crate) async fn changed(&mut self) {
        // Its sender is in the news.
        let _ = self.changed.changed().await;
    }

    /// Waits for that, or for a place that is free.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            () = self.freed.as_mut() => {
                self.freed.set(self.news.freed.notified());
                self.freed.as_mut().enable();
            }
            _ = self.changed.changed() => {}
        }
    }
}
