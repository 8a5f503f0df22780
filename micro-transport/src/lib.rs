//! The transports of `micro`: what carries calls.

mod transport;

pub use self::transport::{Connection, ConnectionState, DialOptions, ListenOptions, Protocols, Transport};
