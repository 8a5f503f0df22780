use bytes::{Bytes, BytesMut};
use micro_core::{Format, Message, Result, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::message;

/// A type of somebody else that serde knows, as a message: in JSON, MessagePack and every codec of your own.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use micro_codec::{JSON, Json};
/// use micro_core::Message;
///
/// let message = Json(BTreeMap::from([("a", 1)].map(|(k, v)| (k.to_owned(), v))));
/// assert_eq!(message.to_bytes(JSON)?, r#"{"a":1}"#);
/// # Ok::<(), micro_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Message for Json<T> {
    fn schema() -> &'static Schema {
        message::unknown_schema::<T>()
    }

    fn speaks(format: Format) -> bool {
        message::serde_speaks(format)
    }

    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
        message::encode_serde(self, format, out)
    }

    fn decode(format: Format, bytes: Bytes) -> Result<Self> {
        message::decode_serde(format, &bytes)
    }

    fn decode_small(format: Format, bytes: &[u8]) -> Result<Self> {
        message::decode_serde(format, bytes)
    }
}
