//! What sends the messages of a stream.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use micro_core::{BodyStream, Error, Frame, Metadata};

use super::inbox::Key;

/// Where the messages of a stream go.
pub(super) trait Sending: Send + Sync {
    /// Sends a message as soon as the peer, and the line to it, have room. `None` when the call is over.
    fn poll_send(&self, key: Key, message: &Bytes, cx: &mut Context<'_>) -> Poll<Option<()>>;

    /// Ready when all messages are out.
    fn poll_sent(&self, key: Key, cx: &mut Context<'_>) -> Poll<()>;

    /// Ends the stream.
    fn finish(&self, key: Key, how: Finish);
}

/// How a stream ends.
#[derive(Debug)]
pub(super) enum Finish {
    Done,
    Trailers(Metadata),
    Failed(Error),
}

/// Sends a stream to its end, or until its call is over.
pub(super) async fn pump(mut body: BodyStream, to: &dyn Sending, key: Key) {
    let how = loop {
        match body.frame().await {
            Some(Ok(Frame::Data(message))) => {
                if poll_fn(|cx| to.poll_send(key, &message, cx)).await.is_none() {
                    return;
                }
                // One that always has a message lets others run too.
                tokio::task::consume_budget().await;
            }
            Some(Ok(Frame::Trailers(trailers))) => break Finish::Trailers(trailers),
            Some(Err(error)) => break Finish::Failed(error),
            None => break Finish::Done,
        }
    };
    poll_fn(|cx| to.poll_sent(key, cx)).await;
    to.finish(key, how);
}
