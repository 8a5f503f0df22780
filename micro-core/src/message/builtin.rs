//! The messages that need no definition: `()`, `String`, `Bytes`, JSON values.
//!
//! In protobuf they are what `google.protobuf` has for them: `Empty`, `StringValue`, `BytesValue`.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Message, Written};
use crate::format::Kind;
use crate::{Error, Format, Place, Result, Schema, Value};

fn encode_serde<T: Serialize>(value: &T, format: Format, out: &mut BytesMut) -> Result<()> {
    format.codec().encode(Value::new(value), out)
}

fn decode_serde<T: DeserializeOwned>(format: Format, bytes: &[u8]) -> Result<T> {
    let mut place = None;
    format.codec().decode(bytes, Place::new(&mut place))?;
    place.ok_or_else(|| {
        Error::internal(format!("codec `{}` did not fill the place of a message", format.name()))
    })
}

/// Nothing. An empty body is `()` in every format, and so is an empty object or `null`.
impl Message for () {
    fn schema() -> &'static Schema {
        Schema::of::<Self>(|| Schema::new("Empty", json!({ "type": "object" })))
    }

    fn speaks(_: Format) -> bool {
        true
    }

    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
        match format.kind() {
            Kind::Protobuf | Kind::Raw => Ok(()),
            _ => encode_serde(&Empty {}, format, out),
        }
    }

    fn decode(format: Format, bytes: Bytes) -> Result<Self> {
        match format.kind() {
            // Whatever fields there are, nobody here knows them.
            Kind::Protobuf | Kind::Raw => Ok(()),
            _ if bytes.is_empty() => Ok(()),
            _ => decode_serde::<Option<serde::de::IgnoredAny>>(format, &bytes).map(drop),
        }
    }
}

#[derive(Serialize)]
struct Empty {}

/// Text. Without quotes in the raw format.
impl Message for String {
    fn schema() -> &'static Schema {
        Schema::of::<Self>(|| Schema::new("String", json!({ "type": "string" })))
    }

    fn speaks(_: Format) -> bool {
        true
    }

    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
        match format.kind() {
            Kind::Raw => out.put_slice(self.as_bytes()),
            Kind::Protobuf => wrapper::encode(self.as_bytes(), out),
            _ => encode_serde(self, format, out)?,
        }
        Ok(())
    }

    fn decode(format: Format, bytes: Bytes) -> Result<Self> {
        let text = match format.kind() {
            Kind::Raw => bytes,
            Kind::Protobuf => wrapper::decode(bytes)?,
            _ => return decode_serde(format, &bytes),
        };
        Self::from_utf8(text.into()).map_err(|_| Error::invalid_argument("text that is not UTF-8"))
    }
}

/// Bytes as they are, whatever the format says: what gateways and proxies pass on.
impl Message for Bytes {
    const IS_BYTES: bool = true;

    fn schema() -> &'static Schema {
        Schema::of::<Self>(|| Schema::new("Bytes", json!(true)))
    }

    fn speaks(_: Format) -> bool {
        true
    }

    fn encode(&self, _: Format, out: &mut BytesMut) -> Result<()> {
        out.put_slice(self);
        Ok(())
    }

    fn decode(_: Format, bytes: Bytes) -> Result<Self> {
        Ok(bytes)
    }

    fn written<R>(&self, _: Format, take: impl FnOnce(Written<'_>) -> R) -> Result<R> {
        Ok(take(Written::Bytes(self.clone())))
    }
}

/// Any JSON value.
impl Message for serde_json::Value {
    fn schema() -> &'static Schema {
        Schema::of::<Self>(|| Schema::new("Value", json!(true)))
    }

    fn speaks(format: Format) -> bool {
        !matches!(format.kind(), Kind::Protobuf | Kind::Raw)
    }

    fn encode(&self, format: Format, out: &mut BytesMut) -> Result<()> {
        encode_serde(self, spoken::<Self>(format)?, out)
    }

    fn decode(format: Format, bytes: Bytes) -> Result<Self> {
        decode_serde(spoken::<Self>(format)?, &bytes)
    }
}

fn spoken<T: Message>(format: Format) -> Result<Format> {
    if T::speaks(format) {
        Ok(format)
    } else {
        Err(Error::unsupported_format(format.content_type(), ["application/json", "application/msgpack"]))
    }
}

/// `google.protobuf.StringValue` and `BytesValue`: one field, number 1, length-delimited.
mod wrapper {
    use super::{Buf, BufMut, Bytes, BytesMut, Error, Result};

    const TAG: u8 = 1 << 3 | 2;

    pub(super) fn encode(bytes: &[u8], out: &mut BytesMut) {
        if bytes.is_empty() {
            return;
        }
        out.put_u8(TAG);
        let mut rest = bytes.len();
        while rest >= 0x80 {
            out.put_u8(rest as u8 | 0x80);
            rest >>= 7;
        }
        out.put_u8(rest as u8);
        out.put_slice(bytes);
    }

    /// The last field 1 there is; other fields are skipped, as protobuf says.
    pub(super) fn decode(mut bytes: Bytes) -> Result<Bytes> {
        let mut found = Bytes::new();
        while bytes.has_remaining() {
            let tag = varint(&mut bytes)?;
            let size = match tag & 7 {
                0 => {
                    varint(&mut bytes)?;
                    continue;
                }
                1 => 8,
                2 => varint(&mut bytes)?,
                5 => 4,
                kind => return Err(Error::invalid_argument(format!("protobuf: unknown wire type {kind}"))),
            };
            let size =
                usize::try_from(size).ok().filter(|size| *size <= bytes.remaining()).ok_or_else(truncated)?;
            let field = bytes.split_to(size);
            if tag == u64::from(TAG) {
                found = field;
            }
        }
        Ok(found)
    }

    fn varint(bytes: &mut Bytes) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            if !bytes.has_remaining() {
                return Err(truncated());
            }
            let byte = bytes.get_u8();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Error::invalid_argument("protobuf: a number of more than ten bytes"))
    }

    fn truncated() -> Error {
        Error::invalid_argument("protobuf: the message ends in the middle of a field")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn round_trip_and_hostile_input() {
            for size in [0, 1, 127, 128, 40_000] {
                let (text, mut out) = (vec![b'x'; size], BytesMut::new());
                encode(&text, &mut out);
                let bytes = out.freeze();
                assert_eq!(decode(bytes.clone()).unwrap(), text);
                for cut in 1..bytes.len().min(4) {
                    assert!(decode(bytes.slice(..cut)).is_err());
                }
            }
            assert!(
                decode(Bytes::from_static(&[TAG, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]))
                    .is_err()
            );
            assert_eq!(decode(Bytes::from_static(&[0x10, 5, TAG, 1, b'a'])).unwrap(), "a");
        }
    }
}
