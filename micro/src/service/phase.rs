//! A step of a stop: what it is called, how long it may take, and what is logged of it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    pub(super) name: &'static str,
    pub(super) limit: Duration,
    /// What governs the limit.
    pub(super) setting: &'static str,
}

impl Phase {
    /// Does `step` for at most the limit of this phase, and logs how long it took; `None` when it was not done by then.
    pub(super) async fn run<T>(self, service: &str, step: impl Future<Output = T>) -> Option<T> {
        let Self { name, limit, setting } = self;
        tracing::debug!("Stop [{name}] of {service} begins: {limit:?} at most");
        let begun = Instant::now();
        // Registries and servers may be anybody's: the panic of one must not keep the others from their end.
        match timeout(limit, AssertUnwindSafe(step).catch_unwind()).await {
            Ok(Ok(done)) => {
                tracing::info!("Stop [{name}] of {service} took {:?}", begun.elapsed());
                Some(done)
            }
            Ok(Err(_)) => {
                tracing::warn!("Stop [{name}] of {service} panicked after {:?}", begun.elapsed());
                None
            }
            Err(_) => {
                tracing::warn!(
                    "Stop [{name}] of {service} is not done within {limit:?}, its limit: see {setting}"
                );
                None
            }
        }
    }

    /// Waits for the time of this phase, or until `over`, and logs how long that was.
    pub(super) async fn wait<T>(self, service: &str, over: impl Future<Output = T>) -> Option<T> {
        let Self { name, limit, .. } = self;
        tracing::debug!("Stop [{name}] of {service} begins: {limit:?}");
        let begun = Instant::now();
        let over = timeout(limit, over).await.ok();
        tracing::info!("Stop [{name}] of {service} took {:?}", begun.elapsed());
        over
    }
}
