use micro_core::Error;

use crate::Registry;

/// Nobody has the name: what was looked for, and where.
pub(crate) fn unknown(name: &str, registry: &dyn Registry) -> Error {
    let (kind, place) = (registry.name(), registry.place());
    Error::not_found(format!("service `{name}` is not known to registry {kind} ({place})")).not_reached()
}
