//! Service discovery for `micro`: the trait [`Registry`], its records, and its implementations.

#[cfg(feature = "conformance")]
pub mod conformance;
mod describe;
mod memory;
mod nodes;
mod record;
mod registry;

pub use self::describe::Describe;
pub use self::memory::Memory;
pub use self::record::{Endpoint, Node, Service, Value};
pub use self::registry::{Event, RegisterOptions, Registry, Watch};
