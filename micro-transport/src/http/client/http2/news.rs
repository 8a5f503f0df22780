//! What those who wait for a session are told.

use std::pin::Pin;

use tokio::sync::{Notify, futures::Notified, watch};

/// Wakes those who wait for a session.
pub(super) struct News {
    changed: watch::Sender<()>,
    /// One of them for each place that is free again.
    freed: Notify,
}

impl Default for News {
    fn default() -> Self {
        Self { changed: watch::Sender::new(()), freed: Notify::new() }
    }
}

impl News {
    /// A session has changed, which all of them look at.
    pub(super) fn changed(&self) {
        self.changed.send_replace(());
    }

    /// A session that was full has a place, for the one of them that waits longest.
    pub(super) fn freed(&self) {
        self.freed.notify_one();
    }

    /// What happens from now on.
    pub(super) fn subscribe(&self) -> Listening<'_> {
        let mut freed = Box::pin(self.freed.notified());
        freed.as_mut().enable();
        Listening { news: self, changed: self.changed.subscribe(), freed }
    }
}

/// Who waits for a session. It keeps its turn until it has been told of a place; what it was told of and does not look at
/// any more, the next one is told of.
pub(super) struct Listening<'a> {
    news: &'a News,
    changed: watch::Receiver<()>,
    freed: Pin<Box<Notified<'a>>>,
}

impl Listening<'_> {
    /// Waits for a session that has changed.
    pub(super) async fn changed(&mut self) {
        // Its sender is in the news.
        let _ = self.changed.changed().await;
    }

    /// Waits for that, or for a place that is free.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            () = self.freed.as_mut() => {
                self.freed.set(self.news.freed.notified());
                self.freed.as_mut().enable();
            }
            _ = self.changed.changed() => {}
        }
    }
}
