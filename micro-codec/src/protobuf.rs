//! Protobuf as a content type. How messages are written in it is told by the module [`proto`](crate::proto).

use bytes::{Buf, Bytes, BytesMut};
use micro_core::codec::Codec;
use micro_core::format::{FormatKind, Kind};
use micro_core::{Error, Format, Place, Result, Value};

use crate::malformed::malformed;
use crate::message::not_for_values;
use crate::proto::{Numbered, Slot};

/// Protobuf. A message's fields need numbers, so values of serde are refused; messages write themselves.
pub const PROTOBUF: Format = Format::of(&KIND);

static KIND: FormatKind = FormatKind::new(Kind::Protobuf, &ProtobufCodec);

/// What is read as a whole.
const SMALL: usize = 1024;

/// How many levels of a message are named by an error in it.
const PLACES: usize = 4;

#[derive(Debug)]
struct ProtobufCodec;

pub(crate) fn write<T: Numbered>(value: &T, out: &mut BytesMut) {
    out.reserve(value.encoded_len());
    value.encode_raw(out);
}

pub(crate) fn read<T: Numbered>(bytes: Bytes) -> Result<T> {
    // Fields of bytes are parts of a large message. Of a small one they are copies: that costs less than telling who
    // still uses it.
    if bytes.len() < SMALL { read_small(&bytes) } else { merged(bytes) }
}

pub(crate) fn read_small<T: Numbered>(bytes: &[u8]) -> Result<T> {
    merged(bytes)
}

fn merged<T: Numbered>(bytes: impl Buf) -> Result<T> {
    let mut slot = Slot(T::absent());
    prost::Message::merge(&mut slot, bytes).map_err(|error| unreadable(&error))?;
    slot.0.ok_or_else(|| Error::invalid_argument("protobuf: none of the variants of the message is set"))
}

fn unreadable(error: &prost::DecodeError) -> Error {
    let text = error.to_string();
    let told = text.strip_prefix("failed to decode Protobuf message: ").unwrap_or(&text);
    // Each level of a deep message has its place in the text; the innermost ones tell enough.
    match told.rmatch_indices(": ").nth(PLACES) {
        Some((at, separator)) => malformed("protobuf", format_args!("..: {}", &told[at + separator.len()..])),
        None => malformed("protobuf", told),
    }
}

impl Codec for ProtobufCodec {
    fn name(&self) -> &'static str {
        "protobuf"
    }

    fn content_type(&self) -> &'static str {
        "application/protobuf"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["application/x-protobuf", "application/proto", "application/vnd.google.protobuf"]
    }

    fn encode(&self, _: Value<'_>, _: &mut BytesMut) -> Result<()> {
        Err(not_for_values(PROTOBUF))
    }

    fn decode(&self, _: &[u8], _: Place<'_>) -> Result<()> {
        Err(not_for_values(PROTOBUF))
    }
}
