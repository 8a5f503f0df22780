//! The tests of this crate that use it as others do.

#[cfg(test)]
mod allocations;
mod broken;
mod conformance;
mod hash;
mod p2c;
