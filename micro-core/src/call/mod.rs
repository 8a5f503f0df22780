//! [`Call`]: an answer that is on its way.

mod limited;
mod picked;

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use self::picked::PickedBody;
use crate::{Body, BodyStream, Outcome, Pick, Response, Result};

/// An answer that is on its way: a future of the [`Response`].
///
/// It may run from the moment it is made or from its first poll; see [`Dispatch`](crate::Dispatch). **Dropping it
/// cancels the call**; there is no other signal.
#[must_use = "a call does nothing until it is awaited, and is cancelled when it is dropped"]
pub struct Call {
    repr: Repr,
    pick: Option<Pick>,
}

enum Repr {
    Done,
    Ready(Result<Response>),
    Slot(Option<Arc<dyn Slots>>, u32),
    Boxed(Pin<Box<dyn Future<Output = Result<Response>> + Send>>),
    Streaming(BodyStream),
}

/// The calls that wait in a connection's slab: what a transport implements to answer calls without allocating.
///
/// A key belongs to one [`Call`] and ends once: by a ready poll, or by `cancel`.
pub trait Slots: Send + Sync + 'static {
    /// Polls the call with this key.
    fn poll_slot(&self, key: u32, cx: &mut Context<'_>) -> Poll<Result<Response>>;
    /// Nobody waits for this key any more.
    fn cancel(&self, key: u32);
}

impl Call {
    /// A call that is answered already.
    pub fn ready(result: Result<Response>) -> Self {
        Self::new(Repr::Ready(result))
    }

    /// A call that waits in a slab.
    pub fn slot(slots: Arc<dyn Slots>, key: u32) -> Self {
        Self::new(Repr::Slot(Some(slots), key))
    }

    /// A call that is a future.
    pub fn boxed(future: impl Future<Output = Result<Response>> + Send + 'static) -> Self {
        Self::new(Repr::Boxed(Box::pin(future)))
    }

    /// A call whose answer is a stream. It is ready when the source's head is; the source then is the body.
    pub fn streaming(body: BodyStream) -> Self {
        Self::new(Repr::Streaming(body))
    }

    /// Reports the outcome to `pick` when the call is ready, dropped, or its streamed answer has ended.
    pub fn with_pick(self, pick: Pick) -> Self {
        // A call that has a pick already (a client behind a client) is boxed, so that both learn.
        let mut call = if self.pick.is_some() { Self::boxed(self) } else { self };
        call.pick = Some(pick);
        call
    }

    fn new(repr: Repr) -> Self {
        Self { repr, pick: None }
    }
}

// === impl Call ===

impl Future for Call {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let result = match &mut self.repr {
            Repr::Slot(slots, key) => {
                let Some(waiting) = slots else { return Poll::Pending };
                let result = ready!(waiting.poll_slot(*key, cx));
                *slots = None;
                result
            }
            Repr::Boxed(future) => ready!(future.as_mut().poll(cx)),
            Repr::Streaming(body) => match ready!(body.poll_head(cx)) {
                Ok(()) => {
                    let body = std::mem::replace(body, BodyStream::empty());
                    Ok(Response::new(Body::Stream(body)))
                }
                Err(error) => Err(error),
            },
            Repr::Ready(_) => match std::mem::replace(&mut self.repr, Repr::Done) {
                Repr::Ready(result) => result,
                _ => return Poll::Pending,
            },
            // Polled after it was ready, which no future promises anything about.
            Repr::Done => return Poll::Pending,
        };
        self.repr = Repr::Done;
        Poll::Ready(match (self.pick.take(), result) {
            (None, result) => result,
            (Some(pick), Ok(mut response)) => {
                if let Body::Stream(stream) = response.body {
                    response.body = Body::Stream(BodyStream::new(PickedBody::new(stream, pick.answered())));
                } else {
                    pick.done(Outcome::Ok);
                }
                Ok(response)
            }
            (Some(pick), Err(error)) => Err(pick.failed(error)),
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Repr::Slot(Some(slots), key) = &self.repr {
            slots.cancel(*key);
        }
    }
}

impl Debug for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = match self.repr {
            Repr::Done => "done",
            Repr::Ready(_) => "ready",
            Repr::Slot(..) => "waiting",
            Repr::Boxed(_) => "running",
            Repr::Streaming(_) => "streaming",
        };
        f.debug_struct("Call").field("state", &state).field("pick", &self.pick).finish()
    }
}

#[cfg(test)]
mod tests;
