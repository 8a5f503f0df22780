//! Raw bytes: bytes and text as they are, with nothing around them.

use bytes::BytesMut;
use micro_core::codec::Codec;
use micro_core::format::{FormatKind, Kind};
use micro_core::{Format, Place, Result, Value};

use crate::message::not_for_values;

/// Raw bytes. What holds them (`Bytes`, `String`, `()`) is a message in this format, anything else is refused.
pub const RAW: Format = Format::of(&KIND);

static KIND: FormatKind = FormatKind::new(Kind::Raw, &RawCodec);

#[derive(Debug)]
struct RawCodec;

impl Codec for RawCodec {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn content_type(&self) -> &'static str {
        "application/octet-stream"
    }

    fn encode(&self, _: Value<'_>, _: &mut BytesMut) -> Result<()> {
        Err(not_for_values(RAW))
    }

    fn decode(&self, _: &[u8], _: Place<'_>) -> Result<()> {
        Err(not_for_values(RAW))
    }
}
