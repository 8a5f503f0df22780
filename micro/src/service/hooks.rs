use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use micro_core::{Error, Result};

use super::phase::Phase;
use crate::defaults;

/// What runs around a service's start and stop.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) before_start: Chain,
    pub(super) after_start: Chain,
    pub(super) before_stop: Chain,
    pub(super) after_stop: Chain,
}

/// The hooks of one moment, in their order.
#[derive(Default)]
pub(super) struct Chain(
    // Hooks need not be `Sync`; behind this the service is nevertheless. Nobody ever waits for it.
    Mutex<Vec<Hook>>,
);

type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send>;

impl Chain {
    pub(super) fn add<F>(&mut self, hook: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.hooks().push(Box::new(|| Box::pin(hook())));
    }

    fn hooks(&mut self) -> &mut Vec<Hook> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn into_hooks(self) -> Vec<Hook> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs all, each for a limited time, until one fails.
    pub(super) async fn run(self, when: &str) -> Result<()> {
        for hook in self.into_hooks() {
            let late = |_| {
                let detail = format!("a hook {when} took longer than {:?}", defaults::HOOK);
                Err(Error::deadline_exceeded(detail))
            };
            tokio::time::timeout(defaults::HOOK, caught(hook, when)).await.unwrap_or_else(late)?;
            // A hook that blocked its thread kept everybody from being told to stop, which comes before what is next.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Runs all, each as a phase of the stop; what fails is logged.
    pub(super) async fn run_all(self, service: &str, phase: Phase) {
        for hook in self.into_hooks() {
            let hook = caught(hook, phase.name);
            if let Some(Err(error)) = phase.run(service, hook).await {
                tracing::warn!(%error, "a hook {} failed", phase.name);
            }
        }
    }
}

/// What a hook ends with. Hooks are the user's: a panic in one ends neither the process nor the stop.
async fn caught(hook: Hook, when: &str) -> Result<()> {
    let hook = AssertUnwindSafe(async { hook().await });
    hook.catch_unwind().await.unwrap_or_else(|_| Err(Error::internal(format!("a hook {when} panicked"))))
}
