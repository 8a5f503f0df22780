use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use micro::Error;
use micro::transport::Protocols;

/// What the nodes of a row speak, and so what their callers do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Http1,
    Http2,
    /// Our own, which is what nodes speak to each other unless it is switched off.
    Lane,
}

impl Protocol {
    pub(crate) const ALL: [Self; 3] = [Self::Http1, Self::Http2, Self::Lane];

    /// Those that are shown when none is named.
    pub(crate) const SHOWN: [Self; 2] = [Self::Http1, Self::Http2];

    /// Whether several calls go over one connection.
    pub(crate) fn is_multiplexed(self) -> bool {
        self != Self::Http1
    }

    /// Has a node speak it, beside what all nodes speak.
    pub(crate) fn limit(self, protocols: &mut Protocols) {
        (protocols.http2, protocols.lane) = (self == Self::Http2, self == Self::Lane);
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::Http2 => "http2",
            Self::Lane => "lane",
        }
    }
}

impl Display for Protocol {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.name() == text);
        found.ok_or_else(|| Error::invalid_argument(format!("`{text}` is no protocol: http1, http2, lane")))
    }
}
