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

/// With more nodes than this, names that are not known are not asked for anew: asking makes the daemon tell all that it
/// knows, into a queue of 1,000 events. Nodes that come announce themselves, and each registration does so again.
const FEW: usize = 200;

/// What was asked, and where the answers come from.
#[derive(Default)]
pub(super) struct Search {
    /// When the search began that goes on for ever, and when the network was asked last.
    asked: Option<(Instant, Instant)>,
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
        // One asks, the others wait for its question, and all for the answers.
        let _turn = self.asking.lock().await;
        let (unknown, few) = {
            let table = lock(&self.table);
            (name.is_some_and(|name| table.first(name).is_none()), table.len() <= FEW)
        };
        let now = Instant::now();
        let before = lock(&self.search).asked;
        if let Some((began, last)) = before {
            let until = if unknown { last } else { began } + SETTLE;
            if !(unknown && few && until <= now) {
                return Ok((began, until));
            }
        }
        self.ask().await?;
        let began = before.map_or(now, |(began, _)| began);
        lock(&self.search).asked = Some((began, now));
        Ok((began, now + SETTLE))
    }

    /// Asks the network for all nodes.
    pub(super) async fn ask(&self) -> Result<()> {
        let events = self.daemon.browse().await?;
        lock(&self.search).events.push_back(events);
        self.wake.notify_one();
        Ok(())
    }
}
