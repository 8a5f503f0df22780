//! What sends the messages of a stream.

use std::future::poll_fn;
use std::task::{Context, Poll};

use micro_core::{BodyStream, Error, Messages, Metadata, Pulled};
use tokio::task::{consume_budget, yield_now};

use super::inbox::Key;

/// After how many messages others run: soon at first, so that what was sent is read while more is made.
const FIRST_TURN: usize = 64;
const TURN: usize = 512;

/// Where the messages of a stream go.
pub(super) trait Sending: Send + Sync {
    /// Sends messages as soon as the peer, and the line to it, have room. `None` when the call is over.
    fn poll_send(&self, key: Key, messages: &mut Messages, cx: &mut Context<'_>) -> Poll<Option<()>>;

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
    let mut messages = Messages::default();
    let (mut sent, mut turn) = (0, FIRST_TURN);
    let how = loop {
        match poll_fn(|cx| body.poll_messages(cx, &mut messages)).await {
            Pulled::Messages => {
                sent += messages.len();
                if poll_fn(|cx| to.poll_send(key, &mut messages, cx)).await.is_none() {
                    return;
                }
                // One that always has a message lets others run too.
                if sent >= turn {
                    (sent, turn) = (0, TURN.min(turn * 4));
                    yield_now().await;
                } else {
                    consume_budget().await;
                }
            }
            Pulled::End(Some(trailers)) => break Finish::Trailers(trailers),
            Pulled::End(None) => break Finish::Done,
            Pulled::Failed(error) => break Finish::Failed(error),
        }
    };
    poll_fn(|cx| to.poll_sent(key, cx)).await;
    to.finish(key, how);
}
