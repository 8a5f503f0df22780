//! What every transport must do, as tests: one function per law, and a macro that makes named tests of them.
//!
//! A transport says what it [promises](Promises), and how one is made for a test (a [`Fixture`]); the suite then tests
//! exactly that, and that what is not promised is refused with a clear error.
//!
//! ```
//! mod tests {
//!     use micro_transport::Memory;
//!     use micro_transport::conformance::{Fixture, Promises};
//!
//!     micro_transport::conformance_tests!(memory, Promises::all(), Fixture::new(Memory::new(), ":0"));
//! }
//! ```
//!
//! Each law is a test of its own, with a service and a connection of its own, on a runtime with two threads. A law that
//! does not hold panics, and says what was expected; one that is not done after a minute does not hold.

// A law that does not hold panics: that is what tests do.
#![allow(clippy::expect_used)]

mod endpoints;
mod fixture;
pub mod laws;
mod macros;
mod plain;
mod probe;
mod promises;
mod running;

use std::future::Future;
use std::time::Duration;

pub use self::fixture::Fixture;
pub use self::promises::Promises;

/// The names of the laws, in their order.
pub const LAWS: &[&str] = crate::conformance_tests!(@all names);

/// Runs a law.
///
/// # Panics
/// When the law does not hold, or is not done after a minute.
pub fn run(law: impl Future<Output = ()>) {
    /// None takes more than a few seconds on a slow machine.
    const LONGEST: Duration = Duration::from_secs(60);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime for a test");
    runtime.block_on(running::within(LONGEST, "the whole law", law));
    runtime.shutdown_timeout(Duration::from_secs(1));
}

#[cfg(test)]
mod tests;
