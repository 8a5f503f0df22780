//! Asking the network, and waiting until it has answered.

use std::collections::VecDeque;
use std::time::Duration;

use mdns_sd::{Receiver, ServiceEvent};
use micro_core::Result;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::driver::Shared;
use super::lock;

/// How long answers take at most. A record is multicast once a second, so one who asks just after another did, or just
/// after the node came, is told after a second.
const SETTLE: Duration = Duration::from_millis(1_500);

/// How long others have to answer after the first node of a name did.
const GRACE: Duration = Duration::from_millis(150);

/// What was asked, and where the answers come from.
#[derive(Default)]
pub(super) struct Search {
    /// When the search began that goes on for ever.
    began: Option<Instant>,
    /// When the network was asked last.
    asked: Option<Instant>,
    /// The answers. Asking again opens a new channel, and what is left in the old one is heard first.
    pub(super) events: VecDeque<Receiver<ServiceEvent>>,
}

impl Shared {
    /// Waits until the network had the time to tell of one name, or of all. Asks when nobody did, and once more for a
    /// name that is not known.
    pub(super) async fn settled(&self, name: Option<&str>) -> Result<()> {
        let (began, until) = self.ask_for(name).await?;
        loop {
            let mut changed = lock(&self.table).changes();
            let first = name.and_then(|name| lock(&self.table).first(name));
            if let Some(first) = first {
                sleep_until(until.min(first.max(began) + GRACE)).await;
                return Ok(());
            }
            if timeout_at(until, changed.changed()).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Returns when the search began, and until when there may be answers.
    async fn ask_for(&self, name: Option<&str>) -> Result<(Instant, Instant)> {
        let unknown = name.is_some_and(|name| lock(&self.table).first(name).is_none());
        let now = Instant::now();
        let before = {
            let mut search = lock(&self.search);
            let began = *search.began.get_or_insert(now);
            let over = search.asked.is_some_and(|asked| asked + SETTLE <= now);
            let asked = search.asked.unwrap_or(now);
            if search.asked.is_some() && !(unknown && over) {
                let since = if unknown { asked } else { began };
                return Ok((began, since + SETTLE));
            }
            search.asked.replace(now)
        };
        if let Err(error) = self.ask().await {
            // Whoever comes next tries again.
            lock(&self.search).asked = before;
            return Err(error);
        }
        Ok((lock(&self.search).began.unwrap_or(now), now + SETTLE))
    }

    /// Asks the network for all nodes.
    pub(super) async fn ask(&self) -> Result<()> {
        let events = self.daemon.browse().await?;
        lock(&self.search).events.push_back(events);
        self.wake.notify_one();
        Ok(())
    }
}
