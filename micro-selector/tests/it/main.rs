//! The tests of this crate that use it as others do.

#[cfg(test)]
mod allocations;
mod broken;
mod conformance;
#[cfg(test)]
mod hash;
#[cfg(test)]
mod health;
#[cfg(test)]
mod p2c;
