//! What all peers of the benches share, so that they differ in nothing but what they measure: arguments, runtimes, the
//! closed loop of calls in flight, the histogram of their latencies, and the report as one line of JSON.
//!
//! A peer is a program of its own with its own lock file. It implements [`Peer`] and [`Client`] and calls [`main`].

mod arguments;
mod closed;
mod counted;
mod cpu;
mod held;
mod histogram;
mod peer;
mod program;
mod report;
mod spin;
mod work;

pub use arguments::{Arguments, Role, Runtime};
pub use peer::{Client, Error, Peer, Result, Target, unsupported};
pub use program::main;
pub use spin::spin;
pub use work::{Ask, Work, answer, micros};
