//! The transports of `micro`: what carries calls.

mod checked;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod lane;
mod memory;
#[cfg(feature = "http")]
mod news;
#[cfg(feature = "http")]
mod refused;
#[cfg(feature = "http")]
mod standing;
#[cfg(feature = "http")]
mod sync;
mod transport;
mod waiting;

#[cfg(feature = "http")]
pub use self::http::Http;
pub use self::memory::Memory;
pub use self::transport::{
    Connection, ConnectionState, DialOptions, Health, ListenOptions, Placement, Protocols, Transport,
};

/// What the fuzz targets call. No part of the interface.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::http::fuzzing::*;
    pub use crate::lane::fuzzing::*;
}
