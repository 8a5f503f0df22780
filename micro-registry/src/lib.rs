//! Service discovery for `micro`: the trait [`Registry`], its records, and its implementations.

mod cache;
#[cfg(feature = "conformance")]
pub mod conformance;
mod describe;
#[cfg(feature = "mdns")]
mod mdns;
mod memory;
mod nodes;
mod record;
mod registration;
mod registry;
mod unknown;

pub use self::cache::{Cache, CacheOptions, Entry, Freshness, View};
pub use self::describe::Describe;
#[cfg(feature = "mdns")]
pub use self::mdns::{Mdns, MdnsOptions};
pub use self::memory::Memory;
pub use self::record::{Endpoint, Node, Service, Value};
pub use self::registration::{Registration, RegistrationOptions, RegistrationState};
pub use self::registry::{Event, RegisterOptions, Registry, Watch};
