//! One HTTP/2 connection, as those see it who make calls on it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::Request;
use micro_core::{Deadline, Error, Result};
use tokio::sync::{oneshot, watch};

use super::begun::Begun;
use super::driver::Driver;
use super::watched::{Signs, Watched};
use crate::ConnectionState;
use crate::http::client::connect::Target;
use crate::http::client::error;

/// How much of one answer may be on its way unread: what one slow reader can hold up.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// How much of all of them: so that it takes many slow readers to hold up the others.
const CONNECTION_WINDOW: u32 = 32 * 1024 * 1024;
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
    /// Dropped with this: then the driver lets the connection end.
    _held: oneshot::Sender<()>,
}

/// What the driver tells those who make calls.
pub(super) struct Shared {
    pub(super) target: Arc<Target>,
    pub(super) state: watch::Sender<ConnectionState>,
    pub(super) signs: Signs,
    pub(super) begun: Begun,
    /// How many calls wait for something.
    pub(super) calls: AtomicUsize,
    /// Why the connection is over.
    pub(super) cause: OnceLock<String>,
}

impl Session {
    /// # Errors
    /// Those of [`Target::connect`].
    pub(in crate::http::client) async fn dial(target: Arc<Target>) -> Result<Self> {
        Self::connect(target, None).await
    }

    pub(super) async fn connect(target: Arc<Target>, deadline: Option<Deadline>) -> Result<Self> {
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
        let state = watch::Sender::new(ConnectionState::Ready);
        let shared = Arc::new(Shared {
            target,
            state,
            signs,
            begun,
            calls: AtomicUsize::new(0),
            cause: OnceLock::new(),
        });
        let (held, dropped) = oneshot::channel();
        tokio::spawn(Driver::new(connection, sender.clone(), dropped, shared.clone()).run());
        Ok(Self { sender, shared, _held: held })
    }

    pub(in crate::http::client) fn target(&self) -> &Arc<Target> {
        &self.shared.target
    }

    pub(in crate::http::client) fn state(&self) -> ConnectionState {
        *self.shared.state.borrow()
    }

    pub(in crate::http::client) async fn changed(&self, seen: ConnectionState) {
        // Its sender is in `self`.
        let _ = self.shared.state.subscribe().wait_for(|state| *state != seen).await;
    }

    /// A call waits on it.
    pub(super) fn begin(&self) {
        if self.shared.calls.fetch_add(1, Ordering::Relaxed) == 0 {
            // Its silence until now says nothing: nobody asked.
            self.shared.signs.note();
        }
    }

    /// A call does not wait any more.
    pub(super) fn end(&self) {
        self.shared.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Sends the head of a request; `last` when nothing follows.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when the connection takes no calls any more.
    pub(super) async fn send(
        &self,
        request: Request<()>,
        last: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>)> {
        let mut sender = self.sender.clone();
        poll_fn(|cx| sender.poll_ready(cx)).await.map_err(|cause| self.not_sent(&cause))?;
        sender.send_request(request, last).map_err(|cause| self.not_sent(&cause))
    }

    fn not_sent(&self, cause: &h2::Error) -> Error {
        error::not_sent(self.target().address(), self.why(cause))
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
        self.shared.cause.get().cloned().unwrap_or_else(|| cause.to_string())
    }
}
