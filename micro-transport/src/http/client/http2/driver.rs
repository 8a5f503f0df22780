//! The task that moves the bytes of an HTTP/2 connection, and finds out when its peer is dead.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use h2::{Ping, PingPong};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::session::Shared;
use super::watched::Watched;
use crate::ConnectionState;
use crate::http::client::connect::YEAR;

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
        let _ = self.shared.cause.set(cause);
        self.shared.state.send_replace(ConnectionState::Closed);
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
            && *self.shared.state.borrow() == ConnectionState::Ready
            && matches!(probe.poll_ready(cx), Poll::Ready(Err(_)))
        {
            self.shared.state.send_replace(ConnectionState::Draining);
        }
        match &mut self.keep_alive {
            Some(keep_alive) => keep_alive.poll(&self.shared, cx),
            None => Poll::Pending,
        }
    }
}

/// Asks a silent peer that calls wait for whether it lives.
struct KeepAlive {
    pings: PingPong,
    timer: Pin<Box<Sleep>>,
    /// When it was asked, and has not answered.
    asked: Option<Instant>,
    silence: Duration,
    patience: Duration,
}

impl KeepAlive {
    fn new(pings: PingPong, shared: &Shared) -> Self {
        let options = shared.target.options();
        // A timer that is always over would never let the connection speak.
        let bounded = |time: Duration| time.clamp(Duration::from_millis(1), YEAR);
        let (silence, patience) = (bounded(options.keep_alive), bounded(options.keep_alive_timeout));
        Self { pings, timer: Box::pin(sleep_until(Instant::now() + silence)), asked: None, silence, patience }
    }

    /// Ready when the peer is dead.
    fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<String> {
        let (silence, patience) = (self.silence, self.patience);
        if self.asked.is_some() && self.pings.poll_pong(cx).is_ready() {
            self.asked = None;
            self.timer.as_mut().reset(shared.signs.last() + silence);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let (now, last) = (Instant::now(), shared.signs.last());
            let next = match self.asked {
                // Whatever it says, it lives; its answer to the question may be behind that.
                Some(asked) if last > asked && last + patience > now => last + patience,
                Some(_) => {
                    return Poll::Ready(format!(
                        "the peer was silent for {silence:?} and did not answer a ping within {patience:?}"
                    ));
                }
                None if shared.calls.load(Ordering::Relaxed) == 0 => now + silence,
                None if last + silence > now => last + silence,
                None => {
                    // It fails only when the connection is over, which polling that tells.
                    let _ = self.pings.send_ping(Ping::opaque());
                    self.asked = Some(now);
                    now + patience
                }
            };
            self.timer.as_mut().reset(next);
        }
        if self.asked.is_some() {
            // For its waker.
            let _ = self.pings.poll_pong(cx).map(|_| self.asked = None);
        }
        Poll::Pending
    }
}
