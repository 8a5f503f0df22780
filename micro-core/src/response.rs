use crate::pick::Answerer;
use crate::{Body, Metadata};

/// The answer to a call.
#[derive(Debug, Default)]
pub struct Response {
    /// The message, or the stream of messages.
    pub body: Body,
    // Rare, so made on first use: this type is moved for every call.
    extra: Option<Box<Extra>>,
}

#[derive(Debug, Default)]
struct Extra {
    metadata: Metadata,
    trailers: Metadata,
    /// Who gave the answer, where the call itself does not say so.
    answerer: Answerer,
}

static NONE: Metadata = Metadata::new();

impl Response {
    /// An answer with nothing but a body.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self { body, extra: None }
    }

    /// What travels before the message.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        self.extra.as_ref().map_or(&NONE, |extra| &extra.metadata)
    }

    /// What travels before the message, to add to.
    pub fn metadata_mut(&mut self) -> &mut Metadata {
        &mut self.extra.get_or_insert_default().metadata
    }

    /// What travels after the message. A stream has its own, as its last frame.
    #[must_use]
    pub fn trailers(&self) -> &Metadata {
        self.extra.as_ref().map_or(&NONE, |extra| &extra.trailers)
    }

    /// What travels after the message, to add to.
    pub fn trailers_mut(&mut self) -> &mut Metadata {
        &mut self.extra.get_or_insert_default().trailers
    }

    pub(crate) fn answerer(&self) -> Option<&Answerer> {
        self.extra.as_ref().map(|extra| &extra.answerer)
    }

    pub(crate) fn sign(&mut self, answerer: Answerer) {
        self.extra.get_or_insert_default().answerer = answerer;
    }
}

impl From<Body> for Response {
    fn from(body: Body) -> Self {
        Self::new(body)
    }
}
