use crate::{Address, Extensions};

/// How the caller wants a call made. Read by the client, and not sent.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallOptions {
    /// Where to call, instead of asking the registry; of several, any.
    pub addresses: Vec<Address>,
    /// Whether to wait, up to the deadline, for a service that is not there yet.
    pub wait_for_ready: bool,
    /// Whether the call may be made twice: it may be tried again even where a handler can have seen it.
    pub idempotent: bool,
    /// The ids of the nodes that earlier attempts of the same call were sent to: where there is another one, it is taken.
    /// Set by the client's handle.
    pub tried: Vec<Box<str>>,
    /// What other crates add: a selector, filters.
    pub extensions: Extensions,
}
