use std::collections::VecDeque;
use std::future::pending;

use async_trait::async_trait;
use micro::registry::{Event, Watch};
use micro::{Error, Result};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{Mode, Now, down};

/// A watch of the registry behind, which is heard or not.
pub(super) struct Live {
    now: watch::Receiver<Now>,
    losses: usize,
    events: mpsc::UnboundedReceiver<Result<Event>>,
    /// The task that reads the watch, since one that waits may not be left and asked again.
    _reader: JoinSet<()>,
}

/// A watch of a registry that tells what it once knew, and then nothing.
pub(super) struct Old {
    now: watch::Receiver<Now>,
    events: VecDeque<Event>,
}

impl Live {
    pub(super) fn new(began: &Now, now: watch::Receiver<Now>, mut inner: Box<dyn Watch>) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            loop {
                let event = inner.next().await;
                let is_last = event.is_err();
                if sender.send(event).is_err() || is_last {
                    return;
                }
            }
        });
        Self { now, losses: began.losses, events, _reader: reader }
    }
}

#[async_trait]
impl Watch for Live {
    async fn next(&mut self) -> Result<Event> {
        loop {
            let (mode, losses) = {
                let now = self.now.borrow_and_update();
                (now.mode, now.losses)
            };
            if losses != self.losses {
                return Err(down());
            }
            tokio::select! {
                biased;
                () = changed(&mut self.now) => {}
                event = self.events.recv(), if mode == Mode::Up => {
                    return event.unwrap_or_else(|| Err(Error::unavailable("the watch has ended")));
                }
            }
        }
    }
}

impl Old {
    pub(super) fn new(began: &Now, now: watch::Receiver<Now>, name: Option<&str>) -> Self {
        Self { now, events: began.known.events(name).into() }
    }
}

#[async_trait]
impl Watch for Old {
    async fn next(&mut self) -> Result<Event> {
        while self.now.borrow_and_update().mode == Mode::Stale {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            changed(&mut self.now).await;
        }
        Err(down())
    }
}

async fn changed(now: &mut watch::Receiver<Now>) {
    if now.changed().await.is_err() {
        // Nobody can tell it anything any more.
        pending::<()>().await;
    }
}
