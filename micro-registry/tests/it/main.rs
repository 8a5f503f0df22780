//! The tests of this crate that use it as others do.

mod conformance;
