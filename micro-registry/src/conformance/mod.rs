//! The laws of [`Registry`](crate::Registry) as tests, for every implementation: ours, and yours.
//!
//! A registry declares what it promises ([`Promises`]), and [`conformance_tests!`](crate::conformance_tests) makes a
//! test of each law. Laws of a promise that is not made are replaced by one that says how the registry refuses.
//!
//! ```
//! use micro_registry::Memory;
//! use micro_registry::conformance::Promises;
//!
//! micro_registry::conformance_tests!(memory, Promises::all(), async { Memory::new() });
//! # fn main() {}
//! ```
//!
//! Names are drawn anew for each test, so that registries may share a network.

mod expiry;
mod names;
mod records;
mod subject;
mod watches;

pub use self::expiry::{expired_is_gone, registering_again_renews};
pub use self::names::{many_names, unusual_names};
pub use self::records::{
    concurrent_registrations, deregistered_is_gone, empty_records, many_endpoints, registered_is_visible,
    registering_again_updates, unknown_is_not_found, versions_are_told_apart,
};
pub use self::subject::{Promises, Subject, run};
pub use self::watches::{
    dropped_watch_ends, watch_of_all, watch_of_one, watch_tells_changes, watch_tells_in_order,
    watch_tells_what_is_there, watch_tells_why,
};

/// Makes a module of tests, one for each law, of a registry.
///
/// * its name;
/// * its [`Promises`];
/// * a future of a fresh registry, or of two that see each other's services: what is registered in the first is looked
///   for in the second. It runs once for each test.
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $promises:expr, $registry:expr) => {
        $crate::conformance_tests!(@laws $name, $promises, $registry,
            registered_is_visible,
            unknown_is_not_found,
            registering_again_updates,
            deregistered_is_gone,
            expired_is_gone,
            registering_again_renews,
            watch_tells_what_is_there,
            watch_tells_changes,
            watch_tells_in_order,
            watch_tells_why,
            watch_of_one,
            watch_of_all,
            versions_are_told_apart,
            dropped_watch_ends,
            many_names,
            unusual_names,
            many_endpoints,
            empty_records,
            concurrent_registrations,
        );
    };
    (@laws $name:ident, $promises:expr, $registry:expr, $($law:ident,)*) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $law() {
                    $crate::conformance::run(async {
                        let subject = $crate::conformance::Subject::new($registry.await, $promises);
                        $crate::conformance::$law(&subject).await;
                    });
                }
            )*
        }
    };
}
