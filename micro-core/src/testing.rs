//! A JSON format for the tests of this crate: the real one is `micro-codec`'s, which stands on this crate.

use bytes::{BufMut, BytesMut};

use crate::codec::{Codec, Place, Value};
use crate::format::{FormatKind, Kind};
use crate::{Error, Format, Result};

#[derive(Debug)]
struct Json;

static KIND: FormatKind = FormatKind::new(Kind::Json, &Json);
pub(crate) const JSON: Format = Format::of(&KIND);

impl Codec for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn content_type(&self) -> &'static str {
        "application/json"
    }

    fn encode(&self, value: Value<'_>, out: &mut BytesMut) -> Result<()> {
        serde_json::to_writer(out.writer(), &value).map_err(|error| Error::internal(error.to_string()))
    }

    fn decode(&self, bytes: &[u8], place: Place<'_>) -> Result<()> {
        place
            .fill(&mut serde_json::Deserializer::from_slice(bytes))
            .map_err(|error| Error::invalid_argument(error.to_string()))
    }
}
