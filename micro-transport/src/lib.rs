//! The transports of `micro`: what carries calls.

#[cfg(feature = "http")]
mod http;
mod transport;

pub use self::transport::{Connection, ConnectionState, DialOptions, ListenOptions, Protocols, Transport};
