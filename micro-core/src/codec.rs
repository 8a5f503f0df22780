//! [`Codec`]: messages to bytes and back, for one content type.

use std::fmt::{self, Debug, Display, Formatter};

use bytes::BytesMut;
use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};

use crate::Result;

/// Turns messages into bytes of one content type, and back.
///
/// Implement it to speak a format that `micro` does not know. It sees messages as serde does: a [`Value`] is any
/// [`serde::Serialize`], a [`Place`] is filled by any [`serde::Deserializer`].
///
/// Laws, which `micro_codec::conformance` tests:
/// 1. What was encoded decodes to an equal message.
/// 2. `encode` appends to what is in the buffer; on an error the caller throws away what was written.
/// 3. Fields that the reader does not know are skipped.
/// 4. Truncated and hostile input is [`Code::InvalidArgument`](crate::Code::InvalidArgument), never a panic, and
///    costs memory in proportion to its size only.
/// 5. Bytes after the end of a message are an error.
pub trait Codec: Debug + Send + Sync + 'static {
    /// A short name for settings: `json`.
    fn name(&self) -> &'static str;

    /// The content type it sends: `application/json`.
    fn content_type(&self) -> &'static str;

    /// Further content types that it answers to.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }

    /// Appends the bytes of `value` to `out`.
    ///
    /// # Errors
    /// [`Code::Internal`](crate::Code::Internal) for a value that the format cannot hold.
    fn encode(&self, value: Value<'_>, out: &mut BytesMut) -> Result<()>;

    /// Fills `place` from the bytes of one message.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) for bytes that are no such message.
    fn decode(&self, bytes: &[u8], place: Place<'_>) -> Result<()>;
}

/// A message to encode, as serde sees it.
#[derive(Clone, Copy)]
pub struct Value<'a>(&'a dyn erased_serde::Serialize);

impl<'a> Value<'a> {
    /// Of any serializable thing.
    #[must_use]
    pub fn new<T: Serialize>(value: &'a T) -> Self {
        Self(value)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(self.0, serializer)
    }
}

impl Debug for Value<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Value")
    }
}

/// Where a decoded message goes.
pub struct Place<'a>(&'a mut dyn Fill);

impl<'a> Place<'a> {
    /// Into an option, which is `Some` after a successful [`fill`](Self::fill).
    #[must_use]
    pub fn new<T: DeserializeOwned>(place: &'a mut Option<T>) -> Self {
        Self(place)
    }

    /// Reads the message from a deserializer.
    ///
    /// # Errors
    /// What the deserializer says of input that is not the message's.
    pub fn fill<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.fill(&mut <dyn erased_serde::Deserializer<'_>>::erase(deserializer)).map_err(unerased)
    }
}

fn unerased<E: serde::de::Error>(error: impl Display) -> E {
    E::custom(error)
}

impl Debug for Place<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

trait Fill {
    fn fill(
        &mut self,
        deserializer: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error>;
}

impl<T: DeserializeOwned> Fill for Option<T> {
    fn fill(
        &mut self,
        deserializer: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<(), erased_serde::Error> {
        *self = Some(erased_serde::deserialize(deserializer)?);
        Ok(())
    }
}
