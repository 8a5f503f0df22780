use bytes::{Bytes, BytesMut};
use micro_core::{Format, Message, Result, Schema};

use crate::proto::{Buf, BufMut, DecodeContext, DecodeError, Numbered, WireType};
use crate::{Absent, message};

/// A type of somebody else that prost made, as a message: in protobuf only.
///
/// ```
/// use micro_codec::{PROTOBUF, Proto};
/// use micro_core::Message;
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Greeting {
///     #[prost(string, tag = "1")]
///     text: String,
/// }
///
/// let message = Proto(Greeting { text: "Hello".to_owned() });
/// let bytes = message.to_bytes(PROTOBUF)?;
/// assert_eq!(Proto::decode(PROTOBUF, bytes)?, message);
/// # Ok::<(), micro_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Proto<T>(pub T);

impl<T> From<T> for Proto<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: prost::Message + Default + 'static> Message for Proto<T> {
    fn schema() -> &'static Schema {
        message::unknown_schema::<T>()
    }

    fn speaks(format: Format) -> bool {
        message::proto_speaks(format)
    }

    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
        message::encode_proto(self, format, out)
    }

    fn decode(format: Format, bytes: Bytes) -> Result<Self> {
        message::decode_proto(format, bytes)
    }

    fn decode_small(format: Format, bytes: &[u8]) -> Result<Self> {
        message::decode_proto_small(format, bytes)
    }
}

impl<T: prost::Message + Default> Absent for Proto<T> {
    fn absent() -> Self {
        Self::default()
    }
}

impl<T: prost::Message + Default> Numbered for Proto<T> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        self.0.encode_raw(buf);
    }

    fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    fn merge_field(
        into: &mut Option<Self>,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        into.get_or_insert_default().0.merge_field(tag, wire, buf, ctx)
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

crate::__numbered!([<T: prost::Message + Default>] Proto<T> []);
crate::__numbered_field!([<T: prost::Message + Default>] Proto<T> []);
