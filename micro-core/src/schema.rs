use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value as Json;

/// What a message looks like, for people and tools: its type's name and its JSON Schema.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Schema {
    /// The name of the type: `CallRequest`.
    pub name: String,
    /// The JSON Schema (draft 2020-12) of the message in JSON.
    pub json: Json,
}

impl Schema {
    /// A schema by name and JSON Schema.
    #[must_use]
    pub fn new(name: impl Into<String>, json: Json) -> Self {
        Self { name: name.into(), json }
    }

    /// The schema of type `T`, made by `make` once per process and type.
    pub fn of<T: 'static>(make: fn() -> Self) -> &'static Self {
        static ALL: OnceLock<Mutex<HashMap<TypeId, &'static Schema>>> = OnceLock::new();
        let all = ALL.get_or_init(Mutex::default);
        let known = all.lock().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).copied();
        // Made outside of the lock: a schema may ask for those of its fields.
        known.unwrap_or_else(|| {
            let made: &'static Self = Box::leak(Box::new(make()));
            *all.lock().unwrap_or_else(PoisonError::into_inner).entry(TypeId::of::<T>()).or_insert(made)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once() {
        struct A;
        let make = || Schema::new("A", Json::Bool(true));
        assert!(std::ptr::eq(Schema::of::<A>(make), Schema::of::<A>(make)));
    }
}
