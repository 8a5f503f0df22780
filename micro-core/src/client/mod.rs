//! [`Client`]: what users call with.

mod budget;
mod calling;
mod exchange;
mod nowhere;
mod request;
mod retry;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;

use self::budget::Budgets;
pub use self::calling::Answer;
use self::nowhere::Nowhere;
pub use self::request::RequestBuilder;
use crate::{
    Address, AsKey, CallOptions, Caller, Context, Deadline, Format, Formats, Metadata, Result, Shutdown,
};

/// Calls services by name. A cheap handle: clone it, keep it, and make others of it that call a little differently.
///
/// What the `with_*` methods set holds for the calls of the handle that they return.
/// What differs for a single call is said by [`request`](Self::request), which makes no other handle.
#[derive(Clone)]
pub struct Client {
    terms: Arc<Terms>,
    metadata: Metadata,
    /// Of the call that the calls of this handle are made for.
    deadline: Option<Deadline>,
    parent: Option<Shutdown>,
}

/// What is shared by all handles that differ in nothing but metadata and the call that they work for.
#[derive(Clone)]
struct Terms {
    caller: Arc<dyn Caller>,
    format: Format,
    /// For messages that do not speak that one.
    formats: Arc<Formats>,
    timeout: Option<Duration>,
    stream_timeout: Option<Duration>,
    attempts: u32,
    /// How much retries may add to the load of a service: of all handles that were made of one.
    budgets: Arc<Budgets>,
    options: Option<Arc<CallOptions>>,
}

impl Client {
    /// A handle on `caller`, which writes messages in `format`.
    #[must_use]
    pub fn new(caller: Arc<dyn Caller>, format: Format) -> Self {
        let terms = Terms {
            caller,
            format,
            formats: Arc::default(),
            timeout: None,
            stream_timeout: None,
            attempts: 1,
            budgets: Arc::default(),
            options: None,
        };
        Self { terms: Arc::new(terms), metadata: Metadata::new(), deadline: None, parent: None }
    }

    /// A handle whose calls fail with [`Code::FailedPrecondition`](crate::Code::FailedPrecondition).
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(Arc::new(Nowhere), Nowhere::FORMAT)
    }

    /// What finds and calls the services.
    #[must_use]
    pub fn caller(&self) -> &Arc<dyn Caller> {
        &self.terms.caller
    }

    /// The format that messages are written in.
    #[must_use]
    pub fn format(&self) -> Format {
        self.terms.format
    }

    /// Writes messages in another format.
    #[must_use]
    pub fn with_format(&self, format: Format) -> Self {
        self.with_terms(|terms| terms.format = format)
    }

    /// Writes messages that cannot be written in its own format, such as prost types in JSON, in the first of these that
    /// both messages of a call speak.
    #[must_use]
    pub fn with_formats(&self, formats: Formats) -> Self {
        self.with_terms(|terms| terms.formats = Arc::new(formats))
    }

    /// Gives each call this long, over all its attempts. Streams are not calls: see
    /// [`with_stream_timeout`](Self::with_stream_timeout).
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.with_terms(|terms| terms.timeout = Some(timeout))
    }

    /// Gives each stream this long, from its opening to its end. Without it they last as long as both sides like.
    #[must_use]
    pub fn with_stream_timeout(&self, timeout: Duration) -> Self {
        self.with_terms(|terms| terms.stream_timeout = Some(timeout))
    }

    /// Makes up to this many attempts of a call that provably did not reach a handler, or is idempotent: the endpoint is
    /// declared so, or [this handle](Self::idempotent) says it. Within the [budget](Self::with_retry_budget), after a
    /// pause that grows and is drawn anew for each, never past the deadline, and on another node where there is one. A
    /// service that says [when to come back](crate::Error::retry_after) is not asked before.
    #[must_use]
    pub fn with_attempts(&self, attempts: u32) -> Self {
        self.with_terms(|terms| terms.attempts = attempts.max(1))
    }

    /// Lets retries add at most this share to the calls of each service: 0.1, a tenth, unless something else is said; 0
    /// is no retries. Ten are lent at the start, and a hundred are kept for later at most. Calls that reached nobody may
    /// be tried again ten times a second beside that. Calls of a handle that makes one attempt earn nothing.
    #[must_use]
    pub fn with_retry_budget(&self, share: f64) -> Self {
        self.with_terms(|terms| terms.budgets = Arc::new(Budgets::new(share)))
    }

    /// Sends this metadata with each call. What only one call has is said by [`request`](Self::request).
    ///
    /// # Errors
    /// As [`Metadata::insert`].
    pub fn with_metadata(&self, key: impl AsKey, value: impl Into<crate::metadata::Value>) -> Result<Self> {
        let mut metadata = self.metadata.clone();
        metadata.insert(key, value)?;
        Ok(Self { metadata: metadata.with_base(), ..self.clone() })
    }

    /// Calls this address, whatever the registry says. Given more than once, calls are spread over all of them.
    ///
    /// Nothing is known of such a node, so over HTTP it is called as any server of go-micro first: HTTP/1.1, one call at a
    /// time on each of as many sockets as the pool may have. The first call asks whether the lane is spoken there, and where
    /// it is, all go there; where it is not, that is asked again after a minute.
    #[must_use]
    pub fn with_address(&self, address: Address) -> Self {
        self.with_options(|options| options.addresses.push(address))
    }

    /// Waits, up to the deadline, for a service that is not there yet, instead of failing at once.
    #[must_use]
    pub fn wait_for_ready(&self) -> Self {
        self.with_options(|options| options.wait_for_ready = true)
    }

    /// Says that the calls may be made twice, so that they are tried again where a handler may have seen them.
    #[must_use]
    pub fn idempotent(&self) -> Self {
        self.with_options(|options| options.idempotent = true)
    }

    /// Changes how calls are made: what other crates add their own options by.
    #[must_use]
    pub fn with_options(&self, change: impl FnOnce(&mut CallOptions)) -> Self {
        let mut options = self.terms.options.as_deref().cloned().unwrap_or_default();
        change(&mut options);
        self.with_terms(|terms| terms.options = Some(Arc::new(options)))
    }

    fn with_terms(&self, change: impl FnOnce(&mut Terms)) -> Self {
        let mut terms = Terms::clone(&self.terms);
        change(&mut terms);
        Self { terms: Arc::new(terms), ..self.clone() }
    }

    /// The handle for calls that are made for the call of `context`; see [`Context::client`].
    pub(crate) fn within(&self, context: &Context) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.merge(&context.propagated());
        Self {
            terms: self.terms.clone(),
            metadata: metadata.with_base(),
            deadline: context.deadline(),
            parent: Some(context.token().clone()),
        }
    }
}

impl Debug for Client {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("caller", &self.terms.caller.name())
            .field("format", &self.terms.format)
            .field("timeout", &self.terms.timeout)
            .field("options", &self.terms.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
