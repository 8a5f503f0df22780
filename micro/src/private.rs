//! What the macros of `micro` emit paths to. Not for people: it changes with them.

pub use micro_core::glue;
pub use {bytes, schemars, serde, serde_json};
