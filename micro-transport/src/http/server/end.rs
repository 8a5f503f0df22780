//! The peer's end of a connection over HTTP/1.1: of a caller that is gone, or of one that closed only its side.
//!
//! Both look the same, so one rule holds for both, whether or not bytes came behind the request:
//!
//! * A call goes on for [`HALF_CLOSED`] after the end, each of those that were sent before it. That is long enough to
//!   answer somebody who still reads (`nc -N`), and short enough to cancel what nobody waits for.
//! * Then it is cancelled. Whoever still reads is told so, unless its answer has begun, and the connection ends.
//! * An answer that is whole is handed over, in the time that any has: nothing runs for it any more. A peer that is gone
//!   resets the connection when the first bytes of it come.
//!
//! A reset is not the end of a side: it ends everything at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::activity::Activity;

/// How long a call over HTTP/1.1 goes on after its caller closed its side.
pub(super) const HALF_CLOSED: Duration = Duration::from_millis(500);

/// What becomes of the calls of a connection at its peer's end.
#[derive(Debug)]
pub(super) struct End {
    activity: Arc<Activity>,
    come: bool,
    grace: Option<Grace>,
    left: bool,
}

/// The time that the call of this number has left.
#[derive(Debug)]
struct Grace {
    call: u64,
    over: Pin<Box<Sleep>>,
}

impl End {
    pub(super) fn new(activity: Arc<Activity>) -> Self {
        Self { activity, come: false, grace: None, left: false }
    }

    /// Whether the peer's end has come, behind which there is nothing to read.
    pub(super) fn has_come(&self) -> bool {
        self.come
    }

    /// Whether a call was cancelled by it.
    pub(super) fn has_left(&self) -> bool {
        self.left
    }

    /// The peer's end has come: ready when hyper may be told.
    ///
    /// # Errors
    /// A call still runs and its time is over, so its connection is to end. It is an error because hyper does not ask for
    /// an end while it has bytes.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.come = true;
        if self.activity.hands_over() {
            // hyper drops what it has to send when it is told before that is sent. It is woken then.
            return Poll::Pending;
        }
        let Some(call) = self.activity.running() else { return Poll::Ready(Ok(())) };
        let grace = match &mut self.grace {
            Some(grace) if grace.call == call => grace,
            // The time of a call that was sent together with others begins when it is its turn.
            other => other.insert(Grace { call, over: Box::pin(sleep(HALF_CLOSED)) }),
        };
        ready!(grace.over.as_mut().poll(cx));
        if !self.activity.is_served() {
            // The rest of its request cannot come any more, which hyper tells whoever reads it.
            return Poll::Ready(Ok(()));
        }
        self.left = true;
        Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
    }
}
