//! The laws of [`Selector`](crate::Selector) as tests, for every implementation: ours, and yours.
//!
//! [`conformance_tests!`](crate::conformance_tests) makes a test of each law.
//!
//! ```
//! use micro_selector::Random;
//!
//! micro_selector::conformance_tests!(random, Random::new());
//! # fn main() {}
//! ```
//!
//! That nothing is allocated (law 5) cannot be tested from here: it takes an allocator of the whole program.

mod ejects;
mod rests;
mod spreads;
mod subject;
mod tries;

pub use self::ejects::{
    at_most_half_are_ejected, ejected_is_probed_by_one, errors_attract_no_calls, failing_is_ejected,
    readmitted_gets_its_share_bit_by_bit,
};
pub use self::rests::{
    all_resting_picks_the_first_to_end, errors_of_the_business_do_not_count, failed_probe_rests_again,
    probed_by_one_and_readmitted, unreachable_is_skipped_at_once,
};
pub use self::spreads::{
    filters_are_kept, no_node_is_unavailable, nothing_is_left_in_flight, spreads_across_threads,
    spreads_evenly, spreads_over_what_filters_leave, spreads_over_what_is_left,
    spreads_when_services_take_turns,
};
pub use self::tries::{busy_is_avoided, tried_is_avoided, tried_is_better_than_nothing};

/// Makes a module of tests, one for each law, of a selector: its name, and an expression that makes a fresh one.
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $selector:expr) => {
        $crate::conformance_tests!(@laws $name, $selector,
            filters_are_kept,
            no_node_is_unavailable,
            nothing_is_left_in_flight,
            spreads_evenly,
            spreads_over_what_filters_leave,
            spreads_over_what_is_left,
            spreads_when_services_take_turns,
            spreads_across_threads,
            unreachable_is_skipped_at_once,
            probed_by_one_and_readmitted,
            failed_probe_rests_again,
            all_resting_picks_the_first_to_end,
            errors_of_the_business_do_not_count,
            failing_is_ejected,
            ejected_is_probed_by_one,
            readmitted_gets_its_share_bit_by_bit,
            at_most_half_are_ejected,
            errors_attract_no_calls,
            tried_is_avoided,
            tried_is_better_than_nothing,
            busy_is_avoided,
        );
    };
    (@laws $name:ident, $selector:expr, $($law:ident,)*) => {
        #[cfg(test)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $law() {
                    $crate::conformance::$law(&$selector);
                }
            )*
        }
    };
}
