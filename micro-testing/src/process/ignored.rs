//! Signals that this process ignores, which its children would then ignore as well.

use micro::{Error, Result};
use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};

/// Takes note of SIGTERM and SIGINT where they are ignored, and does nothing about them. That is the same to this process,
/// but not to those it starts: what is ignored is inherited, and what is taken note of is not.
///
/// # Errors
/// `Internal` when the system does not allow that.
pub(super) fn heed() -> Result<()> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(()) };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    for number in [Signal::TERM, Signal::INT].map(Signal::as_raw) {
        if ignored & (1 << (number - 1)) != 0 {
            let noted = signal(SignalKind::from_raw(number)).map_err(|error| {
                Error::internal(format!("cannot take note of signal {number}: {error}")).with_source(error)
            })?;
            // It stays so when nobody listens any more.
            drop(noted);
        }
    }
    Ok(())
}
