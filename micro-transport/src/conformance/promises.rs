use std::time::Duration;

/// What a transport promises beyond unary calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Promises {
    /// It carries streams, in both directions.
    pub streams: bool,
    /// It carries metadata after the last message.
    pub trailing_metadata: bool,
    /// A connection is closed when its listener is gone, and says so. Without it a connection stays ready, and connects
    /// again.
    pub closes: bool,
    /// How long it takes at most until the calls to a listener that went away have failed; `None` when it may take
    /// until their deadline.
    pub peer_death: Option<Duration>,
    /// The largest message, in bytes. Both sides are given this limit.
    pub max_message: usize,
}

impl Promises {
    /// Everything: streams, trailing metadata, connections that close, a peer's death noticed within 2 s, and messages
    /// of 4 MiB.
    #[must_use]
    pub fn all() -> Self {
        Self {
            streams: true,
            trailing_metadata: true,
            closes: true,
            peer_death: Some(Duration::from_secs(2)),
            max_message: 4 * 1024 * 1024,
        }
    }

    /// It carries no streams.
    #[must_use]
    pub fn without_streams(self) -> Self {
        Self { streams: false, ..self }
    }

    /// It does not carry metadata after the last message.
    #[must_use]
    pub fn without_trailing_metadata(self) -> Self {
        Self { trailing_metadata: false, ..self }
    }

    /// Its connections stay ready, and connect again.
    #[must_use]
    pub fn reconnects(self) -> Self {
        Self { closes: false, ..self }
    }

    /// The calls to a listener that went away have failed after this time, or at their deadline.
    #[must_use]
    pub fn peer_death(self, within: impl Into<Option<Duration>>) -> Self {
        Self { peer_death: within.into(), ..self }
    }

    /// The largest message has this many bytes.
    #[must_use]
    pub fn max_message(self, bytes: usize) -> Self {
        Self { max_message: bytes, ..self }
    }
}
