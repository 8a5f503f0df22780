use crate::metadata::KeyRef;
use crate::{Client, Extensions, Formats, Key, Shutdown, key};

/// The service that answers a call, as its handlers see it through their [`Context`](crate::Context).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct App {
    /// Its name.
    pub name: String,
    /// The client that handlers call other services with.
    pub client: Option<Client>,
    /// What `Service::extension` was given.
    pub extensions: Extensions,
    /// The formats it speaks.
    pub formats: Formats,
    /// The metadata that goes on from a call to those made for it. The trace, the baggage and what begins with
    /// `x-micro-p-` go on always; nothing else does unless it is named here, as metadata may hold credentials.
    pub propagate: Vec<Key>,
    /// Fires when the service begins to stop: see [`Context::stopping`](crate::Context::stopping).
    pub stopping: Shutdown,
}

impl App {
    /// A service of that name, with nothing else.
    #[must_use]
    pub fn new(name: impl Into<String>, formats: Formats) -> Self {
        Self {
            name: name.into(),
            client: None,
            extensions: Extensions::new(),
            formats,
            propagate: Vec::new(),
            stopping: Shutdown::new(),
        }
    }

    /// Whether metadata of this key goes on. The trace does too, but as a new span.
    pub(crate) fn propagates(&self, key: KeyRef<'_>) -> bool {
        key == key::BAGGAGE
            || key == key::TRACESTATE
            || key.as_bytes().starts_with(b"x-micro-p-")
            || self.propagate.iter().any(|named| key == *named)
    }
}
