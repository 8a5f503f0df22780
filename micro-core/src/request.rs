use std::sync::Arc;

use crate::{Account, App, Body, CallOptions, Deadline, Format, Metadata, Origin, Peer, Route};

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
    /// Where it comes from: set by who received it, and not sent.
    pub origin: Option<Arc<Origin>>,
    /// The service that answers it: set by the router, and not sent.
    pub app: Option<Arc<App>>,
    /// How the caller wants it made: read by the client, and not sent.
    pub options: Option<Arc<CallOptions>>,
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
            origin: None,
            app: None,
            options: None,
        }
    }

    /// Who sent it.
    #[must_use]
    pub fn peer(&self) -> Option<&Peer> {
        self.origin.as_ref()?.peer.as_deref()
    }

    /// Whose call it is.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.origin.as_ref()?.account.as_deref()
    }

    /// Says whose call it is: for a layer that has checked the credentials.
    pub fn set_account(&mut self, account: impl Into<Arc<Account>>) {
        Arc::make_mut(self.origin.get_or_insert_default()).account = Some(account.into());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_moved_without_a_call() {
        // What is larger is copied by a function, each time that it is passed on.
        assert!(size_of::<Request>() <= 128, "{}", size_of::<Request>());
    }

    #[test]
    fn the_account_of_a_call_is_not_that_of_its_neighbours() {
        let address = crate::Address::new("127.0.0.1:1").unwrap();
        let shared = Arc::new(Origin::from(Arc::new(Peer::new(address, "test"))));
        let mut head = Head::new(Route::new("a", "A.B"), crate::testing::JSON);
        head.origin = Some(shared.clone());
        head.set_account(Account::new("ali-baba"));
        assert_eq!(head.account().map(|account| &*account.id), Some("ali-baba"));
        assert_eq!(head.peer().map(|peer| peer.protocol), Some("test"));
        assert!(shared.account.is_none());
    }
}
