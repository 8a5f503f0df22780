//! JSON, by `serde_json`.

mod float;
mod read;
mod write;

use bytes::{BufMut, BytesMut};
use micro_core::codec::Codec;
use micro_core::format::{FormatKind, Kind};
use micro_core::{Error, Format, Place, Result, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::de::SliceRead;

use self::read::Reader;
use self::write::Writer;
use crate::malformed::malformed;

/// JSON. White space around a message is fine, anything else behind it is an error.
///
/// A struct is an object, and never an array of its fields. Floats that are no numbers are the strings `"NaN"`,
/// `"Infinity"` and `"-Infinity"`, as in the canonical JSON of protobuf.
pub const JSON: Format = Format::of(&KIND);

static KIND: FormatKind = FormatKind::new(Kind::Json, &JsonCodec);

#[derive(Debug)]
struct JsonCodec;

pub(crate) fn write<T: Serialize>(value: &T, out: &mut BytesMut) -> Result<()> {
    let mut serializer = serde_json::Serializer::new(out.writer());
    value.serialize(Writer(&mut serializer)).map_err(|error| Error::internal(format!("json: {error}")))
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    read_with(bytes, |deserializer| T::deserialize(deserializer))
}

/// `serde_json` itself stops at 128 levels.
fn read_with<T>(
    bytes: &[u8],
    read: impl FnOnce(Reader<&mut serde_json::Deserializer<SliceRead<'_>>>) -> serde_json::Result<T>,
) -> Result<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    read(Reader(&mut deserializer))
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| malformed("json", error))
}

impl Codec for JsonCodec {
    fn name(&self) -> &'static str {
        "json"
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn encode(&self, value: Value<'_>, out: &mut BytesMut) -> Result<()> {
        write(&value, out)
    }

    fn decode(&self, bytes: &[u8], place: Place<'_>) -> Result<()> {
        read_with(bytes, |deserializer| place.fill(deserializer))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn errors_say_where() {
        let error = read::<BTreeMap<String, u32>>(b"{\"a\":1,\n\"b\":\"hunter2\"}").unwrap_err();
        assert_eq!(error.detail(), "json: invalid type: string, expected u32 at line 2 column 13");
        assert_eq!(error.code(), micro_core::Code::InvalidArgument);
    }

    #[test]
    fn white_space_may_follow_and_nothing_else() {
        assert_eq!(read::<u32>(b" 7\r\n").unwrap(), 7);
        assert_eq!(read::<u32>(b"7 8").unwrap_err().detail(), "json: trailing characters at line 1 column 3");
    }

    #[test]
    fn what_json_cannot_hold() {
        let error = write(&BTreeMap::from([((1, 2), 3)]), &mut BytesMut::new()).unwrap_err();
        assert_eq!(error.detail(), "json: key must be a string");
        assert_eq!(error.code(), micro_core::Code::Internal);
    }
}
