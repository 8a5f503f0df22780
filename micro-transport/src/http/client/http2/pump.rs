//! What sends the stream of a request.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use micro_core::{BodyStream, Error, Frame, Metadata, Result};
use tokio_util::task::AbortOnDropHandle;

use crate::http::envelope;

/// The task that sends a stream: it ends with its call.
pub(super) type Pump = AbortOnDropHandle<()>;

/// Why the stream of a request ended early, where its own source failed: then that is the error of the call.
#[derive(Clone, Default)]
pub(super) struct Failed(Arc<Mutex<Option<Error>>>);

impl Failed {
    pub(super) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

/// Sends the messages of a stream, each when the connection has room for it.
pub(super) async fn run(mut body: BodyStream, mut sender: SendStream<Bytes>, failed: &Failed) {
    let sent = send_all(&mut body, &mut sender).await;
    if let Err(error) = sent {
        failed.set(error);
        sender.send_reset(Reason::CANCEL);
    }
}

/// # Errors
/// That of the stream itself. When the peer wants no more of it, its answer tells why, or is all that it wants to say.
async fn send_all(body: &mut BodyStream, sender: &mut SendStream<Bytes>) -> Result<()> {
    loop {
        // Any room will do: what a message has more is sent as the peer makes room, and the next one waits for that.
        sender.reserve_capacity(1);
        let frame = poll_fn(|cx| poll_next(body, sender, cx)).await;
        let sent = match frame {
            Next::Frame(Some(Ok(Frame::Data(bytes)))) => sender.send_data(envelope::message(&bytes)?, false),
            Next::Frame(Some(Ok(Frame::Trailers(trailers)))) => {
                return end(sender, &trailers);
            }
            Next::Frame(Some(Err(error))) => return Err(error),
            Next::Frame(None) => return end(sender, &Metadata::new()),
            Next::Unwanted => return Ok(()),
        };
        if sent.is_err() {
            return Ok(());
        }
    }
}

fn end(sender: &mut SendStream<Bytes>, trailers: &Metadata) -> Result<()> {
    let last = if trailers.is_empty() { Bytes::new() } else { envelope::end(None, trailers) };
    // Fails only where the answer does.
    let _ = sender.send_data(last, true);
    Ok(())
}

enum Next {
    Frame(Option<Result<Frame>>),
    /// The peer takes no more.
    Unwanted,
}

fn poll_next(body: &mut BodyStream, sender: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Next> {
    if sender.poll_reset(cx).is_ready() {
        return Poll::Ready(Next::Unwanted);
    }
    while sender.capacity() == 0 {
        match ready!(sender.poll_capacity(cx)) {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Poll::Ready(Next::Unwanted),
        }
    }
    body.poll_frame(cx).map(Next::Frame)
}
