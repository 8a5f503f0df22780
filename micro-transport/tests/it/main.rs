//! The transports, from outside.

mod conformance;
mod memory;
