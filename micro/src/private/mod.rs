//! What the macros of `micro` emit paths to. Not for people: it changes with them.

mod failure;
mod message;
mod travel;

pub use micro_codec::private::*;
pub use micro_core::glue;
pub use {bytes, schemars, serde, serde_json};

pub use self::failure::{Failure, failed};
pub use self::message::message;
pub use self::travel::{Cause, Fact, all, fact, one, optional};
