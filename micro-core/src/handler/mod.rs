//! [`Handler`]: what `#[handler]` implements, and the [`Endpoint`]s that come of it.

mod answered;
pub(crate) mod glue;
mod router;
mod running;
mod streamed;

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

pub use self::router::Router;
use crate::{Dispatch, Format, Schema};

/// A thing whose methods are endpoints. `#[handler]` of `micro` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "has no endpoints",
    note = "put `#[micro::handler]` on an `impl {Self}` block with async methods",
    note = "for a contract made of a trait, hand over what its function makes: `greeter({Self})`"
)]
pub trait Handler: Send + Sync + Sized + 'static {
    /// The first part of the endpoints' names: `Helloworld` of `Helloworld.Call`.
    const NAME: &'static str;

    /// Its endpoints.
    fn endpoints(self: Arc<Self>) -> Vec<Endpoint>;
}

/// Which sides of a call are streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One message each way.
    Unary,
    /// One message there, a stream back.
    ServerStream,
    /// A stream there, one message back.
    ClientStream,
    /// A stream each way, at the same time.
    Bidirectional,
}

impl Kind {
    /// Whether either side is a stream.
    #[must_use]
    pub fn is_stream(self) -> bool {
        self != Self::Unary
    }

    /// The name in metadata: `unary`, `server`, `client`, `bidirectional`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStream => "server",
            Self::ClientStream => "client",
            Self::Bidirectional => "bidirectional",
        }
    }
}

/// One thing that can be called.
#[derive(Clone)]
#[non_exhaustive]
pub struct Endpoint {
    /// Its name: `Helloworld.Call`.
    pub name: Cow<'static, str>,
    /// Which sides are streams.
    pub kind: Kind,
    /// What it does, for people: the method's doc comment.
    pub description: Cow<'static, str>,
    /// What it is sent.
    pub request: &'static Schema,
    /// What it answers.
    pub response: &'static Schema,
    /// Whether it may be called twice for one call.
    pub idempotent: bool,
    /// Whether it is kept out of the registry.
    pub internal: bool,
    /// Whether both its messages can be written in a format.
    pub speaks: fn(Format) -> bool,
    /// What answers it.
    pub dispatch: Arc<dyn Dispatch>,
}

impl Endpoint {
    /// Says what it does.
    #[must_use]
    pub fn described(mut self, description: impl Into<Cow<'static, str>>) -> Self {
        self.description = description.into();
        self
    }

    /// Says that it may be called twice for one call.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Keeps it out of the registry.
    #[must_use]
    pub fn internal(mut self) -> Self {
        self.internal = true;
        self
    }
}

impl Debug for Endpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
