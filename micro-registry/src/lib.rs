//! Service discovery for `micro`: the trait [`Registry`], its records, and its implementations.

mod record;
mod registry;

pub use self::record::{Endpoint, Node, Service, Value};
pub use self::registry::{Event, RegisterOptions, Registry, Watch};
