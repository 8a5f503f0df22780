use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture};
use futures_util::stream::FuturesUnordered;
use micro_core::{Error, Result};
use micro_net::Backoff;
use tokio::sync::mpsc;

use super::announcement::Announcement;
use super::driver::Shared;
use super::table::{Change, Key, key};
use crate::{Event, Watch};

/// A watch. A node whose endpoints did not fit is told at once without them, and again when it has described itself.
pub(super) struct MdnsWatch {
    /// What is told next.
    ready: VecDeque<Event>,
    changes: mpsc::Receiver<Change>,
    /// Ends when all that was there at the beginning has been heard.
    settled: Option<BoxFuture<'static, Result<()>>>,
    shared: Arc<Shared>,
    /// Nodes that are asked for their endpoints; they go with the watch, or with the node.
    asking: FuturesUnordered<BoxFuture<'static, Result<Announcement, Aborted>>>,
    asked: HashMap<Key, AbortHandle>,
}

impl MdnsWatch {
    pub(super) fn new(
        snapshot: &[Change],
        changes: mpsc::Receiver<Change>,
        settled: impl Future<Output = Result<()>> + Send + 'static,
        shared: Arc<Shared>,
    ) -> Self {
        let mut watch = Self {
            ready: VecDeque::new(),
            changes,
            settled: Some(Box::pin(settled)),
            shared,
            asking: FuturesUnordered::new(),
            asked: HashMap::new(),
        };
        for change in snapshot {
            watch.tell(change);
        }
        watch
    }

    fn tell(&mut self, change: &Change) {
        let announcement = change.announcement();
        if let Some(asking) = self.asked.remove(&key(announcement)) {
            asking.abort();
        }
        if let Change::Put(announcement) = change
            && self.shared.describer.can_ask(announcement)
        {
            match self.shared.describer.known(announcement) {
                Some(complete) => return self.ready.push_back(complete.told().put()),
                None => self.ask(announcement),
            }
        }
        self.ready.push_back(change.event());
    }

    fn ask(&mut self, announcement: &Announcement) {
        let (handle, registration) = AbortHandle::new_pair();
        let (announcement, describer) = (announcement.clone(), self.shared.describer.clone());
        self.asked.insert(key(&announcement), handle);
        let asking = async move {
            let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(60));
            loop {
                if let Some(complete) = describer.ask(&announcement).await {
                    return complete;
                }
                backoff.wait().await;
            }
        };
        self.asking.push(Box::pin(Abortable::new(asking, registration)));
    }
}

// === impl MdnsWatch ===

#[async_trait]
impl Watch for MdnsWatch {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let settled = async {
                match &mut self.settled {
                    Some(settled) => settled.await,
                    None => std::future::pending().await,
                }
            };
            // In this order: what has changed before the end of the snapshot belongs to it.
            tokio::select! {
                biased;
                change = self.changes.recv() => match change {
                    Some(change) => self.tell(&change),
                    None => return Err(self.shared.daemon.connected().err().unwrap_or_else(lost)),
                },
                Some(asked) = self.asking.next() => {
                    // Those that were aborted say nothing.
                    if let Ok(complete) = asked {
                        self.asked.remove(&key(&complete));
                        self.ready.push_back(complete.told().put());
                    }
                }
                settled = settled => {
                    self.settled = None;
                    settled?;
                    return Ok(Event::Synced);
                }
            }
        }
    }
}

fn lost() -> Error {
    Error::unavailable("mDNS: the registry was dropped, or the watch was too slow for it: watch again")
}
