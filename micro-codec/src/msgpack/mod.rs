//! MessagePack, by `rmp-serde`, with the names of fields.

mod scan;

use bytes::{BufMut, BytesMut};
use micro_core::codec::Codec;
use micro_core::format::{FormatKind, Kind};
use micro_core::{Error, Format, Place, Result, Value};
use rmp_serde::decode::ReadRefReader;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::malformed::malformed;

/// MessagePack. Structs are maps from the names of their fields, as most peers expect; arrays are read too.
pub const MSGPACK: Format = Format::of(&KIND);

static KIND: FormatKind = FormatKind::new(Kind::MsgPack, &MsgPackCodec);

/// As deep as JSON may be.
const MAX_DEPTH: usize = 128;

#[derive(Debug)]
struct MsgPackCodec;

type Deserializer<'a> = rmp_serde::Deserializer<ReadRefReader<'a, [u8]>>;

pub(crate) fn write<T: Serialize>(value: &T, out: &mut BytesMut) -> Result<()> {
    rmp_serde::encode::write_named(&mut out.writer(), value)
        .map_err(|error| Error::internal(format!("msgpack: {error}")))
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    read_with(bytes, |deserializer| T::deserialize(deserializer))
}

fn read_with<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Deserializer<'_>) -> Result<T, rmp_serde::decode::Error>,
) -> Result<T> {
    // First the lengths: serde reserves room by them, before it sees what they promise.
    scan::check(bytes).map_err(|fault| malformed("msgpack", fault))?;
    let mut deserializer = Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(MAX_DEPTH);
    read(&mut deserializer).map_err(|error| malformed("msgpack", error))
}

impl Codec for MsgPackCodec {
    fn name(&self) -> &'static str {
        "msgpack"
    }

    fn content_type(&self) -> &'static str {
        "application/msgpack"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["application/x-msgpack", "application/vnd.msgpack"]
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
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Point {
        x: i32,
        y: i32,
    }

    #[test]
    fn structs_have_names() {
        let mut out = BytesMut::new();
        write(&Point { x: 1, y: -1 }, &mut out).unwrap();
        assert_eq!(&out[..], [0x82, 0xa1, b'x', 1, 0xa1, b'y', 0xff]);
        assert_eq!(read::<Point>(&[0x92, 1, 0xff]).unwrap(), Point { x: 1, y: -1 });
    }

    #[test]
    fn depth_has_a_limit() {
        let mut deep = vec![0x91; 4_000];
        deep.push(0xc0);
        let error = read::<serde_json::Value>(&deep).unwrap_err();
        assert_eq!(error.detail(), "msgpack: depth limit exceeded");
    }

    #[test]
    fn values_are_not_repeated() {
        let error = read::<Point>(&[0x82, 0xa1, b'x', 0xa6, b's', b'e', b'c', b'r', b'e', b't']).unwrap_err();
        assert_eq!(error.detail(), "msgpack: ends in the middle of a value at byte 10");
        let error = read::<u32>(&[0xa6, b's', b'e', b'c', b'r', b'e', b't']).unwrap_err();
        assert!(!error.detail().contains("secret"), "{}", error.detail());
    }
}
