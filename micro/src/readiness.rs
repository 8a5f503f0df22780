use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use micro_core::{Error, Result};
use micro_transport::Health;

/// Whether a service should be sent calls: it runs, is not stopping, and is in its registry.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    registered: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const STOPPING: u8 = 2;

impl Readiness {
    /// The service runs; `registered` says whether its registry has it.
    pub(crate) fn running(&self, registered: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.0.registered.set(Box::new(registered));
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
            _ if self.0.registered.get().is_some_and(|registered| registered()) => Ok(()),
            _ => Err("not registered: the registry cannot be reached, or refuses the record".to_owned()),
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
