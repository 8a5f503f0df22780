//! The task that moves the bytes of an HTTP/2 connection.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use tokio::sync::oneshot;

use super::keep_alive::KeepAlive;
use super::session::Shared;
use super::watched::Watched;
use crate::standing::Phase;

/// What moves a connection, until it is over.
pub(super) struct Driver {
    connection: Connection<Watched, Bytes>,
    /// Tells whether the peer takes calls; gone when the last handle is, as it would hold the connection.
    probe: Option<SendRequest<Bytes>>,
    dropped: oneshot::Receiver<()>,
    keep_alive: Option<KeepAlive>,
    shared: Arc<Shared>,
}

impl Driver {
    pub(super) fn new(
        mut connection: Connection<Watched, Bytes>,
        probe: SendRequest<Bytes>,
        dropped: oneshot::Receiver<()>,
        shared: Arc<Shared>,
    ) -> Self {
        let keep_alive = connection.ping_pong().map(|pings| KeepAlive::new(pings, &shared));
        Self { connection, probe: Some(probe), dropped, keep_alive, shared }
    }

    pub(super) async fn run(mut self) {
        let cause = poll_fn(|cx| self.poll(cx)).await;
        // In this order: who sees that it is over can see why, and its calls fail when it is dropped.
        self.shared.standing.over(cause);
    }

    /// Ready when the connection is over, with the reason.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        if self.probe.is_some() && Pin::new(&mut self.dropped).poll(cx).is_ready() {
            self.probe = None;
        }
        if let Poll::Ready(result) = Pin::new(&mut self.connection).poll(cx) {
            return Poll::Ready(match result {
                Ok(()) => "the peer closed it".to_owned(),
                Err(cause) => cause.to_string(),
            });
        }
        if let Some(probe) = &mut self.probe
            && self.shared.standing.phase() <= Phase::Asked
        {
            if matches!(probe.poll_ready(cx), Poll::Ready(Err(_))) {
                self.shared.standing.drain();
            } else {
                self.shared.standing.set_room(probe.current_max_send_streams());
            }
        }
        match &mut self.keep_alive {
            Some(keep_alive) => keep_alive.poll(&self.shared, cx),
            None => Poll::Pending,
        }
    }
}
