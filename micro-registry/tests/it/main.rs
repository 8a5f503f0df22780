//! The tests of this crate that use it as others do.

mod conformance;
#[cfg(test)]
#[cfg(feature = "mdns")]
mod mdns;
