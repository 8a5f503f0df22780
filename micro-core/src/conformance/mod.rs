//! The laws of [`Caller`](crate::Caller) and [`Server`](crate::Server) as tests, for every implementation: ours, and
//! yours.
//!
//! An implementation says what it promises and how one is made for a test; [`caller_conformance_tests!`] and
//! [`server_conformance_tests!`] make a test of each law. A law of a promise that is not made is replaced by one that
//! tests the refusal.
//!
//! [`caller_conformance_tests!`]: crate::caller_conformance_tests
//! [`server_conformance_tests!`]: crate::server_conformance_tests

// A law that does not hold panics: that is what tests do.
#![allow(clippy::expect_used)]

mod app;
pub mod caller;
pub mod server;

use std::future::Future;
use std::time::Duration;

/// Runs a law.
///
/// # Panics
/// When the law does not hold, or is not done after a minute.
pub fn run(law: impl Future<Output = ()>) {
    const LONGEST: Duration = Duration::from_secs(60);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime for a test");
    runtime.block_on(async {
        tokio::time::timeout(LONGEST, law).await.expect("the law is done within a minute");
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
}

/// Makes a module of tests, one for each law of [`Caller`](crate::Caller).
///
/// * its name;
/// * its [`Promises`](caller::Promises);
/// * a function of the service's name and what answers it, which returns a future of a [`Subject`](caller::Subject).
#[macro_export]
macro_rules! caller_conformance_tests {
    ($name:ident, $promises:expr, $subject:expr) => {
        $crate::caller_conformance_tests!(@laws $name, $promises, $subject,
            calls_by_name,
            unknown_name_is_not_found,
            deadline_ends_a_call,
            errors_arrive_as_they_were_made,
            metadata_travels,
            dropping_cancels,
            waits_for_a_service,
            streams_progress_unpolled,
            publishing,
        );
    };
    (@laws $name:ident, $promises:expr, $subject:expr, $($law:ident,)*) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $law() {
                    $crate::conformance::run($crate::conformance::caller::$law($promises, $subject));
                }
            )*
        }
    };
}

/// Makes a module of tests, one for each law of [`Server`](crate::Server).
///
/// * its name;
/// * its [`Promises`](server::Promises);
/// * a function that returns a future of a fresh [`Subject`](server::Subject).
#[macro_export]
macro_rules! server_conformance_tests {
    ($name:ident, $promises:expr, $subject:expr) => {
        $crate::server_conformance_tests!(@laws $name, $promises, $subject,
            bound_is_reachable,
            address_is_taken_once,
            accepted_is_answered_on_stop,
            stopped_takes_no_calls,
            dropped_ends_everything,
        );
    };
    (@laws $name:ident, $promises:expr, $subject:expr, $($law:ident,)*) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $law() {
                    $crate::conformance::run($crate::conformance::server::$law($promises, $subject));
                }
            )*
        }
    };
}
