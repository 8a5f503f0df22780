use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Settings, defaults};

/// What a service was told about its limits; what it was not told is a setting, or the default.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) max_running: Option<usize>,
    /// The same for single endpoints, by name.
    pub(crate) endpoints: BTreeMap<String, usize>,
    pub(crate) max_waiting: Option<usize>,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) max_delay: Option<Duration>,
}

impl Limits {
    /// What the operator says, where the code says nothing.
    pub(crate) fn or(self, settings: &Settings) -> Self {
        Self {
            max_running: self.max_running.or(settings.server_max_running),
            endpoints: self.endpoints,
            max_waiting: self.max_waiting.or(settings.server_max_waiting),
            max_wait: self.max_wait.or(settings.server_max_wait),
            max_delay: self.max_delay.or(settings.server_max_delay),
        }
    }

    pub(super) fn max_waiting(&self) -> usize {
        self.max_waiting.unwrap_or(defaults::MAX_WAITING)
    }

    pub(super) fn max_wait(&self) -> Duration {
        self.max_wait.unwrap_or(defaults::MAX_WAIT)
    }

    /// `None` where nothing is refused for it.
    pub(super) fn max_delay(&self) -> Option<Duration> {
        Some(self.max_delay.unwrap_or(defaults::MAX_DELAY)).filter(|delay| !delay.is_zero())
    }
}
