use std::sync::Arc;

use crate::{Account, Peer};

/// Where a call comes from. All calls of a connection share one, until somebody finds out whose they are.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Origin {
    /// Who sent it: set by the transport that received it.
    pub peer: Option<Arc<Peer>>,
    /// Whose call it is: set by a layer that checked the credentials.
    pub account: Option<Arc<Account>>,
}

impl From<Arc<Peer>> for Origin {
    fn from(peer: Arc<Peer>) -> Self {
        Self { peer: Some(peer), account: None }
    }
}
