//! A content type of the suite's own: transports carry bytes, and need not know what is in them.

use bytes::BytesMut;
use micro_core::codec::{Codec, Place, Value};
use micro_core::format::{FormatKind, Kind};
use micro_core::{Error, Format, Result};

/// Bytes as they are, under a name.
#[derive(Debug)]
struct Plain {
    name: &'static str,
    content_type: &'static str,
}

/// What the service under test speaks.
pub(super) const SPOKEN: Format = Format::of(&CONFORMANCE);
/// What it does not.
pub(super) const UNSPOKEN: Format = Format::of(&FOREIGN);

static CONFORMANCE: FormatKind = FormatKind::new(
    Kind::Foreign,
    &Plain { name: "conformance", content_type: "application/x-micro-conformance" },
);
static FOREIGN: FormatKind =
    FormatKind::new(Kind::Foreign, &Plain { name: "unspoken", content_type: "application/x-micro-unspoken" });

/// All messages of the suite are `Bytes`, which no codec ever sees.
fn refuse() -> Error {
    Error::internal("this content type has bytes only")
}

impl Codec for Plain {
    fn name(&self) -> &'static str {
        self.name
    }

    fn content_type(&self) -> &'static str {
        self.content_type
    }

    fn encode(&self, _: Value<'_>, _: &mut BytesMut) -> Result<()> {
        Err(refuse())
    }

    fn decode(&self, _: &[u8], _: Place<'_>) -> Result<()> {
        Err(refuse())
    }
}
