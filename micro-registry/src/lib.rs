//! Service discovery for `micro`: the trait [`Registry`], its records, and its implementations.
//!
//! | | what it is |
//! |---|---|
//! | [`Service`], [`Node`], [`Endpoint`] | the records, in go-micro's JSON |
//! | [`Memory`] | a registry in this process: for tests, and for services that live together |
//! | `Mdns` (feature `mdns`) | a registry without a server, on the local network |
//! | [`Registration`] | keeps a service registered, whatever happens to the registry |
//! | [`Cache`] | what a client knows of services: watched, and never emptied by an error |
//! | `conformance` (a feature) | the laws of [`Registry`] as tests, for ours and yours |
//!
//! # One's own
//!
//! Implement [`Registry`] and [`Watch`], and run the laws over it. A registry that cannot be watched says so with
//! [`Code::Unimplemented`](micro_core::Code::Unimplemented): the cache asks it again and again instead.

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
#[cfg(test)]
mod said;
mod unknown;

pub use self::cache::{Cache, CacheOptions, Entry, Freshness, View};
pub use self::describe::Describe;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use self::mdns::fuzzing;
#[cfg(feature = "mdns")]
pub use self::mdns::{Mdns, MdnsOptions};
pub use self::memory::Memory;
pub use self::record::{Endpoint, Node, Service, Value};
pub use self::registration::{Registration, RegistrationOptions, RegistrationState, RegistrationStatus};
pub use self::registry::{Event, RegisterOptions, Registry, Removal, Watch};
