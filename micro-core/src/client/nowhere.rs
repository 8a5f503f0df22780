use bytes::BytesMut;

use crate::codec::{Codec, Place, Value};
use crate::format::{FormatKind, Kind};
use crate::{Call, Caller, Dispatch, Error, Format, Request, Result};

/// What a context without a service calls with: it refuses everything.
#[derive(Debug)]
pub(super) struct Nowhere;

static KIND: FormatKind = FormatKind::new(Kind::Foreign, &Nowhere);

impl Nowhere {
    pub(super) const FORMAT: Format = Format::of(&KIND);

    fn refuse() -> Error {
        Error::failed_precondition("there is no client here: the call is not answered by a `micro::Service`")
            .not_reached()
    }
}

impl Dispatch for Nowhere {
    fn dispatch(&self, _: Request) -> Call {
        Call::ready(Err(Self::refuse()))
    }
}

impl Caller for Nowhere {
    fn name(&self) -> &'static str {
        "nowhere"
    }
}

impl Codec for Nowhere {
    fn name(&self) -> &'static str {
        "none"
    }

    fn content_type(&self) -> &'static str {
        "application/x-none"
    }

    fn encode(&self, _: Value<'_>, _: &mut BytesMut) -> Result<()> {
        Err(Self::refuse())
    }

    fn decode(&self, _: &[u8], _: Place<'_>) -> Result<()> {
        Err(Self::refuse())
    }
}
