//! Frames that came together.

use std::time::{Duration, Instant};

use bytes::Bytes;
use micro_core::Deadline;

/// When a batch of frames came, and how long handlers that are polled in place had of it.
pub(super) struct Batch {
    /// All of it.
    pub(super) bytes: Bytes,
    /// When it came, as deadlines count from it.
    pub(super) origin: Deadline,
    /// When it began to be looked at, and the last look at the clock.
    pub(super) start: Instant,
    pub(super) now: Instant,
    /// Whether calls were given tasks.
    pub(super) spawned: bool,
}

impl Batch {
    /// One that came now.
    pub(super) fn new(bytes: Bytes, now: Instant) -> Self {
        Self::held(bytes, now, now)
    }

    /// What is left of one that came before.
    pub(super) fn held(bytes: Bytes, came: Instant, now: Instant) -> Self {
        let origin = Deadline::after_instant(came, Duration::ZERO);
        Self { bytes, origin, start: now, now, spawned: false }
    }
}
