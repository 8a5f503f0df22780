//! The laws of [`Codec`](micro_core::codec::Codec), as tests for every codec.
//!
//! A codec declares what it holds ([`Promises`]); the suite tests that, and that all else is refused with the error of
//! content types (HTTP 415). [`conformance_tests!`](crate::conformance_tests) makes a test of each law:
//!
//! ```
//! mod laws {
//!     use micro_codec::conformance::Promises;
//!
//!     micro_codec::conformance_tests!(json, micro_codec::JSON, Promises::values());
//! }
//! ```
//!
//! The functions panic when a law is broken, and say how.

mod hostile;
mod laws;
mod sample;

pub use self::hostile::{mutations_are_read_or_refused, truncation_is_refused};
pub use self::laws::{
    encode_appends, names_itself, refuses_the_rest, round_trip, trailing_bytes_are_refused,
    unknown_fields_are_skipped,
};
pub use self::sample::{Newer, Older, Sample, Variant};

/// What a codec promises to hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Promises {
    /// Any value of serde.
    pub values: bool,
    /// Messages with numbered fields.
    pub numbered: bool,
}

impl Promises {
    /// A codec that holds any value of serde, as all of your own do.
    #[must_use]
    pub const fn values() -> Self {
        Self { values: true, numbered: true }
    }

    /// Protobuf: messages whose fields have numbers.
    #[must_use]
    pub const fn numbered() -> Self {
        Self { values: false, numbered: true }
    }

    /// Bytes and text as they are.
    #[must_use]
    pub const fn bytes() -> Self {
        Self { values: false, numbered: false }
    }
}

/// Makes a module of tests, one for each law of a codec: its name, the format, and what it promises.
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $format:expr, $promises:expr) => {
        $crate::conformance_tests! { @ $name, $format, $promises,
            names_itself
            round_trip
            encode_appends
            unknown_fields_are_skipped
            truncation_is_refused
            mutations_are_read_or_refused
            trailing_bytes_are_refused
            refuses_the_rest
        }
    };
    (@ $name:ident, $format:expr, $promises:expr, $($law:ident)*) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $law() {
                    $crate::conformance::$law($format, $promises);
                }
            )*
        }
    };
}
