//! The transports of `micro`: what carries calls.

mod checked;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod lane;
mod memory;
mod transport;
mod waiting;

#[cfg(feature = "http")]
pub use self::http::Http;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use self::http::fuzzing;
pub use self::memory::Memory;
pub use self::transport::{
    Connection, ConnectionState, DialOptions, Health, ListenOptions, Protocols, Transport,
};
