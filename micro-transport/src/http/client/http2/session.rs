//! One HTTP/2 connection, as those see it who make calls on it.

use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::Request;
use micro_core::{Deadline, Error, Result};
use tokio::sync::oneshot;

use super::begun::Begun;
use super::driver::Driver;
use super::keep_alive::bounded;
use super::watched::{Signs, Watched};
use crate::http::client::connect::Target;
use crate::http::client::error;
use crate::http::client::group::Member;
use crate::news::News;
use crate::standing::{Phase, Standing};

/// How much of one answer may be on its way unread: what one slow reader can hold up.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// How much of all of them: more than as many streams as a server takes by default can fill, so that those whose readers
/// rest hold up no other call. It reserves nothing: what is kept unread is bounded by the streams that are open, which
/// are this process's own, times the window of each.
const CONNECTION_WINDOW: u32 = 1024 * 1024 * 1024;
/// The largest head of an answer, in bytes.
const MAX_HEAD: u32 = 256 * 1024;
/// How many calls that were cancelled are remembered, as answers to them may be on their way.
const CANCELLED: usize = 1024;
/// How many answers to forgotten ones are taken for an accident and not for an attack.
const STRAY: usize = 100_000;

/// An HTTP/2 connection. Its calls hold it: it closes when the last handle is dropped and they are done.
pub(in crate::http::client) struct Session {
    sender: SendRequest<Bytes>,
    shared: Arc<Shared>,
    /// In microseconds; what was silent for so long is asked whether it lives before a call goes out.
    silence: u64,
    /// Dropped with this: then the driver lets the connection end.
    _held: oneshot::Sender<()>,
}

/// What the driver tells those who make calls, and they tell it.
pub(super) struct Shared {
    pub(super) target: Arc<Target>,
    pub(super) signs: Signs,
    /// Wakes the driver to ask.
    pub(super) ask: AtomicWaker,
    begun: Begun,
    pub(super) standing: Standing,
}

impl Session {
    pub(super) fn target(&self) -> &Arc<Target> {
        &self.shared.target
    }

    /// The error of a call whose stream, with this number, broke. It has none any more where the answer had begun: then
    /// a handler did run, whatever the peer says.
    pub(super) fn lost(&self, cause: &h2::Error, stream: Option<u32>) -> Error {
        let address = self.target().address();
        if stream.is_some_and(|stream| self.is_unseen(cause, stream)) {
            return error::not_sent(address, self.why(cause));
        }
        if cause.is_reset() && cause.is_remote() {
            return error::broken(address, format_args!("the peer reset the call ({cause})"));
        }
        error::broken(address, self.why(cause))
    }

    /// Whether no handler can have seen anything of a stream that broke so.
    fn is_unseen(&self, cause: &h2::Error, stream: u32) -> bool {
        if cause.is_reset() {
            return cause.is_remote() && cause.reason() == Some(Reason::REFUSED_STREAM);
        }
        // A peer's GOAWAY is the error of those streams only that it says it did not look at; the others go on, and
        // break with the connection. So whatever else it is, the connection is over.
        (cause.is_go_away() && cause.is_remote()) || !self.shared.begun.seal(stream)
    }

    fn why(&self, cause: &h2::Error) -> String {
        self.shared.standing.cause().map_or_else(|| cause.to_string(), str::to_owned)
    }
}

impl Member for Session {
    type Slot = Slot;

    /// # Errors
    /// Those of [`Target::connect`].
    async fn connect(target: Arc<Target>, news: Arc<News>, deadline: Option<Deadline>) -> Result<Arc<Self>> {
        let stream = target.connect(deadline).await?;
        let (signs, begun) = (Signs::new(), Begun::default());
        let (sender, connection) = Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD)
            .max_concurrent_reset_streams(CANCELLED)
            .max_local_error_reset_streams(Some(STRAY))
            .enable_push(false)
            .handshake(Watched::new(stream, signs.clone(), begun.clone()))
            .await
            .map_err(|cause| error::not_sent(target.address(), cause))?;
        let silence = u64::try_from(bounded(target.options().keep_alive).as_micros()).unwrap_or(u64::MAX);
        let shared = Arc::new(Shared {
            target,
            signs,
            ask: AtomicWaker::new(),
            begun,
            // Who takes a connection may be its kernel, and nobody else.
            standing: Standing::new(Phase::Asked, usize::MAX, news),
        });
        let (held, dropped) = oneshot::channel();
        tokio::spawn(Driver::new(connection, sender.clone(), dropped, shared.clone()).run());
        Ok(Arc::new(Self { sender, shared, silence, _held: held }))
    }

    fn standing(&self) -> &Standing {
        &self.shared.standing
    }

    /// Whether it can be trusted with a call. One that was not heard for long because nobody used it cannot: it is asked,
    /// and told of when it answers.
    fn is_well(&self) -> bool {
        if self.standing().calls() > 0 {
            // Who waits asks.
            return true;
        }
        let now = self.shared.signs.now();
        if now.saturating_sub(self.shared.signs.heard()) < self.silence {
            self.shared.signs.wait_from(now);
            return true;
        }
        if self.standing().change(Phase::Ready, Phase::Asked) {
            self.shared.ask.wake();
        }
        false
    }

    /// A place for a call.
    fn take(self: &Arc<Self>) -> Slot {
        self.standing().begin();
        Slot { sender: self.sender.clone(), session: self.clone() }
    }

    fn is_open(slot: &mut Slot) -> bool {
        slot.is_open()
    }
}

/// A call's place on a session, until it is done.
pub(in crate::http::client) struct Slot {
    sender: SendRequest<Bytes>,
    session: Arc<Session>,
}

impl Slot {
    /// Whether the session takes the call.
    pub(super) fn is_open(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let open = !matches!(self.sender.poll_ready(&mut cx), Poll::Ready(Err(_)));
        if !open {
            // The driver finds out as well, a little later.
            self.shared.standing.drain();
        }
        open
    }

    /// Whether the peer takes a head of this size. One that is much too large is taken for an attack, which would end the
    /// connection, and the calls of others with it.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument), not reached, when it does not.
    pub(super) fn takes(&self, size: u64) -> Result<()> {
        let limit = self.shared.signs.max_head();
        if size <= limit {
            return Ok(());
        }
        let detail = format!(
            "the head of the request is above {limit} bytes (see `max_header`), which is what {} takes",
            self.target().address()
        );
        let error = Error::invalid_argument(detail).with_reason("HEAD_TOO_LARGE").with_http(431);
        Err(error.not_reached())
    }

    /// Sends the head of a request; `last` when nothing follows.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when the connection takes no calls any more.
    pub(super) fn send(
        &mut self,
        request: Request<()>,
        last: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>)> {
        let sent = self.sender.send_request(request, last);
        sent.map_err(|cause| error::not_sent(self.target().address(), self.why(&cause)))
    }
}

impl Deref for Slot {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.standing.end(1);
    }
}
