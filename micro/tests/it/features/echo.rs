//! The service that most tests here call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro::{Client, Context, Error, Receiver, Result, Sender, Service, handler};
use tokio::sync::Notify;

/// Answers, fails, waits.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) seen: Arc<Seen>,
}

/// What a test learns of the handlers.
#[derive(Default)]
pub(crate) struct Seen {
    running: AtomicUsize,
    changed: Notify,
}

pub(crate) struct Guard(Arc<Seen>);

impl Seen {
    pub(crate) fn enter(self: &Arc<Self>) -> Guard {
        self.running.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
        Guard(self.clone())
    }

    /// Waits until that many handlers run.
    pub(crate) async fn running(&self, count: usize) {
        let reached = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.running.load(Ordering::SeqCst) == count {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reached).await.expect("that many handlers run");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

#[handler]
impl Echo {
    /// Says what it is told.
    async fn say(&self, text: String) -> Result<String> {
        Ok(text)
    }

    /// Fails.
    async fn fail(&self, text: String) -> Result<String> {
        Err(Error::failed_precondition(text).with_reason("ECHO").with_domain("tests"))
    }

    /// Never ends.
    async fn hang(&self) -> Result<()> {
        let _guard = self.seen.enter();
        std::future::pending().await
    }

    /// Takes a while: that many milliseconds.
    async fn slow(&self, milliseconds: String) -> Result<String> {
        let _guard = self.seen.enter();
        tokio::time::sleep(Duration::from_millis(
            milliseconds.parse().map_err(|_| Error::invalid_argument("a number"))?,
        ))
        .await;
        Ok(milliseconds)
    }

    /// An entry of the call's metadata.
    async fn meta(&self, ctx: &Context, key: String) -> Result<String> {
        ctx.metadata().get(&key).map(str::to_owned).ok_or_else(|| Error::not_found(key))
    }

    /// The milliseconds that are left for the call.
    async fn left(&self, ctx: &Context) -> Result<String> {
        Ok(ctx.time_left().map_or(0, |left| left.as_millis()).to_string())
    }

    /// Repeats each text.
    async fn repeat(&self, mut texts: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        while let Some(text) = texts.next().await? {
            sender.send(text).await?;
        }
        Ok(())
    }
}

/// The service `echo`.
pub(crate) fn echo() -> Service {
    Service::new("echo").handle(Echo::default())
}

pub(crate) async fn say(client: &Client, text: &str) -> Result<String> {
    client.call(("echo", "Echo.Say"), text.to_owned()).await
}
