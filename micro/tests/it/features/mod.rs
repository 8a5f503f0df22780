//! What needs the default features.

mod calls;
mod conformance;
mod contract;
mod direct;
mod discovery;
mod echo;
mod error_derive;
mod handler;
mod http1;
mod layers;
mod log;
mod one_port;
mod overload;
mod placement;
mod process;
mod retries;
mod service;
mod shares;
mod signals;
mod spans;
mod stop;
// The compiler's texts name the messages there are, and `conformance` has some of its own: these are of the default
// features, which is what users see.
#[cfg(not(feature = "conformance"))]
mod ui;
