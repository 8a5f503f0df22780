//! Options with which nothing would work.

#[cfg(feature = "http")]
use std::time::Duration;

use micro_core::{Error, Result};

use crate::{DialOptions, ListenOptions, Protocols};

/// As good as for ever, and no more than clocks can hold.
#[cfg(feature = "http")]
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Why an option that is zero is none.
const TIME: &str = "is 0, and nothing is done in no time: write a longer one";
const COUNT: &str = "is 0, and none would be let in: write 1 or more";
const BYTES: &str = "is 0, and not a byte would be read: write how many may be";

impl ListenOptions {
    /// Whether a server can work with these.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), not reached, for the first option that is nonsense.
    pub fn check(&self) -> Result<()> {
        let unanswered = !self.keep_alive.is_zero() && self.keep_alive_timeout.is_zero();
        let Protocols { http1, http2, lane } = self.protocols;
        let none = !http1 && !http2 && !lane;
        first(&[
            ("header_timeout", self.header_timeout.is_zero(), TIME),
            ("message_timeout", self.message_timeout.is_zero(), TIME),
            ("idle_timeout", self.idle_timeout.is_zero(), TIME),
            ("keep_alive_timeout", unanswered, TIME),
            ("max_streams", self.max_streams == 0, COUNT),
            ("max_connections", self.max_connections == 0, COUNT),
            ("max_calls", self.max_calls == 0, COUNT),
            ("max_message", self.max_message == 0, BYTES),
            ("max_header", self.max_header == 0, BYTES),
            ("protocols", none, "has none that is on: write `true` for `http1`, `http2` or `lane`"),
        ])
    }

    /// The same with times that can be added to any clock.
    ///
    /// # Errors
    /// Those of [`Self::check`].
    #[cfg(feature = "http")]
    pub(crate) fn checked(&self) -> Result<Self> {
        self.check()?;
        let mut options = self.clone();
        for time in [
            &mut options.header_timeout,
            &mut options.message_timeout,
            &mut options.idle_timeout,
            &mut options.keep_alive,
            &mut options.keep_alive_timeout,
        ] {
            *time = YEAR.min(*time);
        }
        Ok(options)
    }
}

impl DialOptions {
    /// Whether connections can be made with these.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), not reached, for the first option that is nonsense.
    pub fn check(&self) -> Result<()> {
        first(&[
            ("timeout", self.timeout.is_zero(), TIME),
            ("max_message", self.max_message == 0, BYTES),
            ("pool_size", self.pool_size == 0, "is 0, and there would be no socket: write 1 or more"),
            ("connections", self.connections == 0, "is 0, and there would be no connection: write 1 or more"),
        ])
    }
}

/// The error of the first one that is wrong.
fn first(options: &[(&str, bool, &str)]) -> Result<()> {
    match options.iter().find(|(_, wrong, _)| *wrong) {
        Some((name, _, why)) => Err(Error::invalid_argument(format!("`{name}` {why}")).not_reached()),
        None => Ok(()),
    }
}
