//! What answers calls, what makes them, and what they come in through.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Address, Call, Deadline, Error, Request, Result, Route, Shutdown};

/// What answers calls. A router is one, so is a connection, and so is a client: everything composes with everything.
///
/// Laws:
/// 1. A call may start at `dispatch` or at the first poll of the [`Call`].
/// 2. If the request's body is a stream, the call makes progress without being polled: callers send before they await.
/// 3. Dropping the [`Call`] cancels it; there is no other signal.
/// 4. [`Frame::Data`](crate::Frame::Data) is one whole message.
/// 5. The [`Call`] of a streamed answer is ready with its first message, its end, or its error.
pub trait Dispatch: Send + Sync + 'static {
    /// Starts a call.
    fn dispatch(&self, request: Request) -> Call;

    /// Starts a call, for who has just looked at the clock: it is `now`, or very little later. Who drops what is late need not
    /// look at it again.
    fn dispatch_at(&self, request: Request, now: Deadline) -> Call {
        let _ = now;
        self.dispatch(request)
    }
}

impl<T: Dispatch + ?Sized> Dispatch for Arc<T> {
    fn dispatch(&self, request: Request) -> Call {
        (**self).dispatch(request)
    }

    fn dispatch_at(&self, request: Request, now: Deadline) -> Call {
        (**self).dispatch_at(request, now)
    }
}

/// What finds services by name and calls them: `rpc` by default. Users hold it as a [`Client`](crate::Client).
///
/// Laws, beside those of [`Dispatch`]; `conformance` tests them:
/// 1. A call to a name that nobody has is [`Code::NotFound`](crate::Code::NotFound), not reached, and says where it
///    looked.
/// 2. A call ends at its deadline with [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded).
/// 3. The errors of handlers arrive as they were made.
pub trait Caller: Dispatch {
    /// The name by which settings choose it.
    fn name(&self) -> &'static str;

    /// Whether an endpoint is declared idempotent, as far as is known without asking anybody. Asked when a call has
    /// failed, to know whether it may be made again.
    fn is_idempotent(&self, route: &Route) -> bool {
        let _ = route;
        false
    }

    /// Publishes an event to a topic.
    fn publish(&self, topic: &str, event: Request) -> Call {
        let _ = event;
        Call::ready(Err(Error::unimplemented(format!(
            "client `{}` cannot publish (topic `{topic}`): it has no broker",
            self.name()
        ))
        .not_reached()))
    }
}

/// What `MICRO_SERVER` names: it binds, and nothing else. Running and draining are the [`Listener`]'s.
///
/// Laws, which `conformance` tests:
/// 1. After `bind` the addresses of the listener accept connections, though calls may wait until it serves.
/// 2. A second `bind` of the same fixed address is [`Code::Unavailable`](crate::Code::Unavailable).
#[async_trait]
pub trait Server: Debug + Send + Sync {
    /// The name by which settings choose it.
    fn name(&self) -> &'static str;

    /// Takes its address.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) when the address cannot be had.
    async fn bind(&self) -> Result<Box<dyn Listener>>;
}

/// An address that is taken, and what comes in there.
#[async_trait]
pub trait Listener: Send {
    /// Where it listens, as a client would dial it.
    fn addresses(&self) -> &[Address];

    /// Gives the calls that come in to `app`, until `stop` fires and all that was accepted is answered. Dropping the
    /// future ends everything at once.
    ///
    /// # Errors
    /// [`Code::Unavailable`](crate::Code::Unavailable) when the address is lost.
    async fn serve(self: Box<Self>, app: Arc<dyn Dispatch>, stop: Shutdown) -> Result<()>;
}
