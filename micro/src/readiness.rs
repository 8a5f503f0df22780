use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use micro_core::{Error, Result};
use micro_registry::{RegistrationState, RegistrationStatus};
use micro_transport::Health;
use tokio::sync::watch;

/// Whether a service should be sent calls: it runs, is not stopping, and is in its registry.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    registration: OnceLock<watch::Receiver<RegistrationStatus>>,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const STOPPING: u8 = 2;

impl Readiness {
    /// The service runs; `registration` says whether its registry has it.
    pub(crate) fn running(&self, registration: watch::Receiver<RegistrationStatus>) {
        let _ = self.0.registration.set(registration);
        self.0.phase.store(RUNNING, Ordering::Release);
    }

    /// The service is about to stop.
    pub(crate) fn stopping(&self) {
        self.0.phase.store(STOPPING, Ordering::Release);
    }

    /// Whether calls should come, or why not.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        match self.0.phase.load(Ordering::Acquire) {
            STARTING => Err("starting".to_owned()),
            STOPPING => Err("stopping".to_owned()),
            _ => self.registered(),
        }
    }

    fn registered(&self) -> std::result::Result<(), String> {
        let Some(registration) = self.0.registration.get() else { return Err("starting".to_owned()) };
        let status = registration.borrow();
        match (&status.state, &status.error) {
            (RegistrationState::Registered, _) => Ok(()),
            (_, Some(error)) => Err(format!("not registered: {}", error.detail())),
            _ => Err("not registered yet: the registry has not answered".to_owned()),
        }
    }
}

impl Health for Readiness {
    fn ready(&self) -> Result<()> {
        self.check().map_err(Error::unavailable)
    }
}

impl Debug for Readiness {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.check()).finish()
    }
}
