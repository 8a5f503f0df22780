//! What `#[message]` emits names of, in one place: `micro` re-exports it as `micro::private`. Not for people: it changes
//! with the macro.

pub use bytes::{Bytes, BytesMut};
pub use micro_core::{Format, Message, Result, Schema};
#[cfg(feature = "protobuf")]
pub use prost;
pub use {schemars, serde};

pub use crate::absent::{Absent, absent};
pub use crate::message as encoding;
#[cfg(feature = "protobuf")]
pub use crate::proto;
#[cfg(feature = "protobuf")]
pub use crate::{__enumeration as enumeration, __numbered as numbered, __numbered_field as numbered_field};
pub use crate::{tolerant, when_protobuf};
