//! Service discovery for `micro`: the trait [`Registry`], its records, and its implementations.

mod describe;
mod record;
mod registry;

pub use self::describe::Describe;
pub use self::record::{Endpoint, Node, Service, Value};
pub use self::registry::{Event, RegisterOptions, Registry, Watch};
