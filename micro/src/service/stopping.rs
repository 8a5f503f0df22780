//! How a service stops: the phases, one after the other, each with a limit and a line in the log.
//!
//! The table of them is in `docs/stop.md`, which the documentation of `Running::stop` shows.

use std::time::Duration;

use micro_core::{Error, Result, Shutdown};
use tokio_util::task::AbortOnDropHandle;

use super::phase::Phase;
use super::running::Running;
use crate::debug::Stats;
use crate::defaults;

const BEFORE_STOP: Phase = Phase { name: "before stop", limit: defaults::HOOK, setting: "defaults::HOOK" };
const DEREGISTER: Phase =
    Phase { name: "deregister", limit: defaults::DEREGISTER, setting: "defaults::DEREGISTER" };
const CANCEL: Phase = Phase { name: "cancel", limit: defaults::CANCEL, setting: "defaults::CANCEL" };
const CLOSE: Phase = Phase { name: "close", limit: defaults::CLOSE, setting: "defaults::CLOSE" };
const AFTER_STOP: Phase = Phase { name: "after stop", limit: defaults::HOOK, setting: "defaults::HOOK" };

/// How long those who wait for their turn have to look at what they are told, and how often that is looked at.
const TOLD: Duration = Duration::from_millis(100);
const LOOK: Duration = Duration::from_millis(1);

/// What a server is told, and how long it has.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) lame_duck: Duration,
    pub(super) drain: Duration,
    /// Tells the server, and handlers, to come to an end.
    pub(super) stopping: Shutdown,
    /// Tells those who wait for their turn that there is none.
    pub(super) close: Shutdown,
    /// Tells the server to answer what still runs with an error.
    pub(super) cancel: Shutdown,
    /// Knows how many wait.
    pub(super) stats: Stats,
}

/// Stops a service that runs.
///
/// # Errors
/// What its server ended with.
pub(super) async fn stop(running: Running) -> Result<()> {
    let Running {
        name, readiness, registration, mut serving, ended, before_stop, after_stop, ending, ..
    } = running;
    tracing::info!("Stopping [service] {name}");
    readiness.stopping();
    before_stop.run_all(&name, BEFORE_STOP).await;
    if let Some(Err(error)) = DEREGISTER.run(&name, registration.stop()).await {
        tracing::warn!(%error, "the registry did not let the node go; it goes when its TTL is over");
    }
    let result = match ended {
        Some(result) => result,
        None => end(&name, &mut serving, &ending).await,
    };
    after_stop.run_all(&name, AFTER_STOP).await;
    tracing::info!("Stopped [service] {name}");
    result
}

/// Brings the server to its end.
async fn end(service: &str, serving: &mut AbortOnDropHandle<Result<()>>, ending: &Ending) -> Result<()> {
    let lame_duck = Phase { name: "lame duck", limit: ending.lame_duck, setting: "Service::lame_duck" };
    if let Some(ended) = lame_duck.wait(service, &mut *serving).await {
        return flat(ended);
    }
    let drain = Phase { name: "drain", limit: ending.drain, setting: "Service::drain" };
    ending.stopping.fire();
    if let Some(ended) = drain.run(service, &mut *serving).await {
        return flat(ended);
    }
    // Those who never had their turn are told first, as nothing has happened to their calls.
    ending.close.fire();
    let told = async {
        while ending.stats.waiting() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    let _ = tokio::time::timeout(TOLD, told).await;
    ending.cancel.fire();
    if let Some(ended) = CANCEL.run(service, &mut *serving).await {
        return flat(ended);
    }
    serving.abort();
    // Its task is over when all that it held is dropped, handlers included; one that blocks its thread never is.
    CLOSE.run(service, &mut *serving).await;
    Ok(())
}

/// What the server's task ended with.
pub(super) fn flat(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| Err(Error::internal("the server's task ended").with_source(error)))
}
