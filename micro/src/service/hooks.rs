use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use micro_core::{Error, Result};

use crate::defaults;

/// What runs around a service's start and stop.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) before_start: Phase,
    pub(super) after_start: Phase,
    pub(super) before_stop: Phase,
    pub(super) after_stop: Phase,
}

/// The hooks of one moment, in their order.
#[derive(Default)]
pub(super) struct Phase(
    // Hooks need not be `Sync`; behind this the service is nevertheless. Nobody ever waits for it.
    Mutex<Vec<Hook>>,
);

type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send>;

impl Phase {
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
            limited(hook, when).await?;
        }
        Ok(())
    }

    /// Runs all, each for a limited time; what fails is logged.
    pub(super) async fn run_all(self, when: &str) {
        for hook in self.into_hooks() {
            if let Err(error) = limited(hook, when).await {
                tracing::warn!(%error, "a hook {when} failed");
            }
        }
    }
}

async fn limited(hook: Hook, when: &str) -> Result<()> {
    match tokio::time::timeout(defaults::HOOK, hook()).await {
        Ok(result) => result,
        Err(_) => {
            Err(Error::deadline_exceeded(format!("a hook {when} took longer than {:?}", defaults::HOOK)))
        }
    }
}
