//! How a service stops: the phases, one after the other, each with a limit and a line in the log.
//!
//! | phase | what happens | limit | its setting |
//! |---|---|---|---|
//! | | it is not ready any more: `/readyz` and `Debug.Health` say so | | |
//! | `before stop` | the `before_stop` hooks run, in their order | 10 s each | `defaults::HOOK` |
//! | `deregister` | it leaves its registry; one that does not answer forgets it after the TTL | 3 s | `defaults::DEREGISTER` |
//! | `lame duck` | nothing but waiting: calls still come from those who have not heard of it, and are answered | 2 s | `Service::lame_duck` |
//! | `drain` | it accepts no more connections and tells the peers of those there are (GOAWAY, `Connection: close`); `Context::stopping` fires; the calls that run are answered | 30 s | `Service::drain` |
//! | `cancel` | only if calls still run: their handlers are dropped and their callers told, `Unavailable` with reason `STOPPING` | 1 s | `defaults::CANCEL` |
//! | `close` | only if callers could not be told, as they do not read: every connection is closed | 1 s | `defaults::CLOSE` |
//! | `after stop` | the `after_stop` hooks run, in their order | 10 s each | `defaults::HOOK` |
//!
//! Each phase that takes place logs `Stop [phase] of service took ..` (info) when it is done, and
//! `Stop [phase] of service is not done within ..` (warning) when its limit is over; the stop goes on either way. It
//! begins with `Stopping [service] ..` and ends with `Stopped [service] ..`.
//!
//! In whatever order things happen:
//!
//! * Told to stop before it listens (in a `before_start` hook, or while it binds), a service drops what it was about to
//!   do: no other hook runs, nothing was registered. Later, in an `after_start` hook for example, it stops as above.
//! * A second signal ends it at once, in whatever phase it is: everything is dropped, and `run` returns `Cancelled`. One
//!   that follows the first within half a second is taken for the same.
//! * A server that ends by itself has nothing to drain: the phases from `lame duck` to `close` do not take place.
//! * A hook, a registry or a server that panics has ended; the next phase follows.

use std::time::Duration;

use micro_core::{Error, Result, Shutdown};

use super::phase::Phase;
use super::running::Running;
use crate::defaults;
use crate::eager::AbortOnDrop;

const BEFORE_STOP: Phase = Phase { name: "before stop", limit: defaults::HOOK, setting: "defaults::HOOK" };
const DEREGISTER: Phase =
    Phase { name: "deregister", limit: defaults::DEREGISTER, setting: "defaults::DEREGISTER" };
const CANCEL: Phase = Phase { name: "cancel", limit: defaults::CANCEL, setting: "defaults::CANCEL" };
const CLOSE: Phase = Phase { name: "close", limit: defaults::CLOSE, setting: "defaults::CLOSE" };
const AFTER_STOP: Phase = Phase { name: "after stop", limit: defaults::HOOK, setting: "defaults::HOOK" };

/// What a server is told, and how long it has.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) lame_duck: Duration,
    pub(super) drain: Duration,
    /// Tells the server, and handlers, to come to an end.
    pub(super) stopping: Shutdown,
    /// Tells the server to answer what still runs with an error.
    pub(super) cancel: Shutdown,
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
async fn end(service: &str, serving: &mut AbortOnDrop<Result<()>>, ending: &Ending) -> Result<()> {
    let lame_duck = Phase { name: "lame duck", limit: ending.lame_duck, setting: "Service::lame_duck" };
    if let Some(ended) = lame_duck.wait(service, &mut serving.0).await {
        return flat(ended);
    }
    let drain = Phase { name: "drain", limit: ending.drain, setting: "Service::drain" };
    ending.stopping.fire();
    if let Some(ended) = drain.run(service, &mut serving.0).await {
        return flat(ended);
    }
    ending.cancel.fire();
    if let Some(ended) = CANCEL.run(service, &mut serving.0).await {
        return flat(ended);
    }
    serving.0.abort();
    // Its task is over when all that it held is dropped, handlers included; one that blocks its thread never is.
    CLOSE.run(service, &mut serving.0).await;
    Ok(())
}

/// What the server's task ended with.
pub(super) fn flat(ended: Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|error| Err(Error::internal("the server's task ended").with_source(error)))
}
