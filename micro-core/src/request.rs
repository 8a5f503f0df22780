use std::sync::Arc;
use std::time::Instant;

use crate::{Account, App, Body, CallOptions, Deadline, Format, Metadata, Peer, Route};

/// A call as it travels: its head, and its body.
#[derive(Debug)]
pub struct Request {
    /// Everything but the body.
    pub head: Head,
    /// The message, or the stream of messages.
    pub body: Body,
}

/// Everything of a request but its body.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Head {
    /// Whom the call is for.
    pub route: Route,
    /// What travels beside the message.
    pub metadata: Metadata,
    /// When nobody waits for it any more.
    pub deadline: Option<Deadline>,
    /// What the body is encoded in, and the answer will be.
    pub format: Format,
    /// Who sent it: set by the transport that received it, and not sent.
    pub peer: Option<Arc<Peer>>,
    /// When its head was there, for those who shed what waited for too long: set by the transport that received it, and
    /// not sent.
    pub received: Option<Instant>,
    /// Whose call it is: set by a layer that checked the credentials, and not sent.
    pub account: Option<Arc<Account>>,
    /// The service that answers it: set by the router, and not sent.
    pub app: Option<Arc<App>>,
    /// How the caller wants it made: read by the client, and not sent.
    pub options: Option<Arc<CallOptions>>,
    /// The ids of the nodes that earlier attempts of the same call were sent to: where there is another one, it is taken.
    /// Set by the client's handle, read by the client, and not sent.
    pub tried: Option<Arc<[Box<str>]>>,
}

impl Head {
    /// A head with nothing but a route and a format.
    #[must_use]
    pub fn new(route: Route, format: Format) -> Self {
        Self {
            route,
            metadata: Metadata::new(),
            deadline: None,
            format,
            peer: None,
            received: None,
            account: None,
            app: None,
            options: None,
            tried: None,
        }
    }
}

impl Request {
    /// A request of its parts.
    #[must_use]
    pub fn new(head: Head, body: Body) -> Self {
        Self { head, body }
    }

    /// The same request once more, to be sent again; `None` where its body is a stream.
    #[must_use]
    pub fn try_clone(&self) -> Option<Self> {
        Some(Self { body: self.body.try_clone()?, head: self.head.clone() })
    }
}
