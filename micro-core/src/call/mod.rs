//! [`Call`]: an answer that is on its way.

mod limited;
mod picked;

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use self::picked::PickedBody;
use crate::pick::Answerer;
use crate::{Body, BodyStream, Outcome, Pick, Response, Result};

/// An answer that is on its way: a future of the [`Response`].
///
/// It may run from the moment it is made or from its first poll; see [`Dispatch`](crate::Dispatch). **Dropping it
/// cancels the call**; there is no other signal.
#[must_use = "a call does nothing until it is awaited, and is cancelled when it is dropped"]
pub struct Call {
    repr: Repr,
    pick: Picked,
}

/// What is known of the node that the call goes to.
enum Picked {
    None,
    /// It learns how the call ends.
    Tells(Pick),
    /// It learns how the call ends, as soon as there is one, and the answer says which it was.
    Signs(Option<Pick>),
}

enum Repr {
    Done,
    Ready(Result<Response>),
    Slot(Arc<dyn Slots>, u32),
    Boxed(Pin<Box<dyn Future<Output = Result<Response>> + Send>>),
    Later(Pin<Box<dyn Future<Output = Result<Call>> + Send>>),
    Streaming(BodyStream),
}

/// An answer, and who gave it.
pub(crate) type Answered = (Response, Answerer);

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
        Self::new(Repr::Slot(slots, key))
    }

    /// A call that is a future.
    pub fn boxed(future: impl Future<Output = Result<Response>> + Send + 'static) -> Self {
        Self::new(Repr::Boxed(Box::pin(future)))
    }

    /// A call that cannot be made yet, and is what the future makes once it can.
    pub fn later(future: impl Future<Output = Result<Self>> + Send + 'static) -> Self {
        Self::new(Repr::Later(Box::pin(future)))
    }

    /// A call whose answer is a stream. It is ready when the source's head is; the source then is the body.
    pub fn streaming(body: BodyStream) -> Self {
        Self::new(Repr::Streaming(body))
    }

    /// Reports the outcome to `pick` when the call is ready, dropped, or its streamed answer has ended.
    pub fn with_pick(mut self, pick: Pick) -> Self {
        // A call that has a pick already (a client behind a client) is boxed, so that both learn.
        if !matches!(self.pick, Picked::None) {
            self = Self::boxed(self);
        }
        self.pick = Picked::Tells(pick);
        self
    }

    /// Has the answer say which node gave it, for a client that never sees this call: there are layers around it. Errors
    /// say so anyway. It costs an allocation.
    pub fn signed(mut self) -> Self {
        self.pick = match std::mem::replace(&mut self.pick, Picked::None) {
            Picked::None => Picked::Signs(None),
            Picked::Tells(pick) => Picked::Signs(Some(pick)),
            known @ Picked::Signs(_) => known,
        };
        self
    }

    /// The answer, and who gave it, for the errors of what is made of it.
    #[inline]
    pub(crate) fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Result<Answered>> {
        let result = match &self.repr {
            // As most calls of a client do.
            Repr::Slot(slots, key) => ready!(slots.poll_slot(*key, cx)),
            _ => ready!(self.poll_other(cx)),
        };
        self.repr = Repr::Done;
        Poll::Ready(self.answered(result))
    }

    /// The result of a call that waits in no slot.
    fn poll_other(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        loop {
            match &mut self.repr {
                Repr::Slot(slots, key) => return slots.poll_slot(*key, cx),
                Repr::Boxed(future) => return future.as_mut().poll(cx),
                Repr::Later(future) => {
                    let made = ready!(future.as_mut().poll(cx))?;
                    *self = match std::mem::replace(&mut self.pick, Picked::None) {
                        Picked::Tells(pick) => made.with_pick(pick),
                        Picked::Signs(None) => made.signed(),
                        Picked::Signs(Some(pick)) => made.with_pick(pick).signed(),
                        Picked::None => made,
                    };
                }
                Repr::Streaming(body) => {
                    ready!(body.poll_head(cx))?;
                    let body = std::mem::replace(body, BodyStream::empty());
                    return Poll::Ready(Ok(Response::new(Body::Stream(body))));
                }
                Repr::Ready(_) => match std::mem::replace(&mut self.repr, Repr::Done) {
                    Repr::Ready(result) => return Poll::Ready(result),
                    _ => return Poll::Pending,
                },
                // Polled after it was ready, which no future promises anything about.
                Repr::Done => return Poll::Pending,
            }
        }
    }

    /// It is over: who was picked for it learns how.
    fn answered(&mut self, result: Result<Response>) -> Result<Answered> {
        let (pick, signs) = match std::mem::replace(&mut self.pick, Picked::None) {
            Picked::Tells(pick) => (pick, false),
            Picked::Signs(Some(pick)) => (pick, true),
            Picked::None | Picked::Signs(None) => {
                let response = result?;
                let answerer = Answerer::default().or_of(&response);
                return Ok((response, answerer));
            }
        };
        match result {
            Ok(mut response) => {
                let answerer = if let Body::Stream(stream) = response.body {
                    let pick = pick.answered();
                    let answerer = pick.streams();
                    response.body = Body::Stream(BodyStream::new(PickedBody::new(stream, pick)));
                    answerer
                } else {
                    pick.answerer(Outcome::Ok)
                };
                if signs {
                    response.sign(answerer.clone());
                }
                let answerer = answerer.or_of(&response);
                Ok((response, answerer))
            }
            Err(error) => Err(pick.failed(error)),
        }
    }

    fn new(repr: Repr) -> Self {
        Self { repr, pick: Picked::None }
    }
}

// === impl Call ===

impl Future for Call {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        self.poll_answered(cx).map_ok(|(response, _)| response)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Repr::Slot(slots, key) = &self.repr {
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
            Repr::Later(_) => "not made yet",
            Repr::Streaming(_) => "streaming",
        };
        let pick = match &self.pick {
            Picked::Tells(pick) | Picked::Signs(Some(pick)) => Some(pick),
            Picked::None | Picked::Signs(None) => None,
        };
        f.debug_struct("Call").field("state", &state).field("pick", &pick).finish()
    }
}

#[cfg(test)]
mod tests;
