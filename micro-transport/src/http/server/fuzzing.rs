//! What the fuzz targets call: that which reads bytes, without a network. No part of the interface.

use std::sync::Arc;

use bytes::Bytes;
use micro_core::{Dispatch, Peer, Result, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection;
use super::listener::Shared;
use super::permits::Permits;
use super::sniff;
use crate::ListenOptions;
use crate::http::envelope::{Decoder, Envelope};

/// A server without a socket.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "what it shares has none")]
pub struct Server(Arc<Shared>);

impl Server {
    /// A server of calls to `app`, until `stop`.
    #[must_use]
    pub fn new(app: Arc<dyn Dispatch>, options: ListenOptions, stop: Shutdown) -> Self {
        let calls = Permits::new(options.max_calls);
        Self(Arc::new(Shared { app, options, calls, stop }))
    }

    /// Serves a connection to its end.
    pub async fn serve(&self, socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, peer: Peer) {
        connection::serve(self.0.clone(), socket, peer).await;
    }

    /// How many more calls it takes at a time.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.calls.free()
    }
}

/// What a connection with these first bytes speaks; `None` when it takes more of them.
#[must_use]
pub fn sniff(first: &[u8]) -> Option<String> {
    sniff::sniff(first).map(|speaks| format!("{speaks:?}"))
}

/// How many bytes are enough to tell.
pub const ENOUGH: usize = sniff::ENOUGH;

/// The messages in a stream of envelopes that comes in these pieces, and whether it may end there. What ends a stream is
/// shown as text.
///
/// # Errors
/// As reading a stream has them.
pub fn envelopes<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max_message: usize,
) -> Result<(Vec<Bytes>, bool)> {
    let mut decoder = Decoder::new(max_message);
    let mut messages = Vec::new();
    for piece in pieces {
        decoder.push(Bytes::copy_from_slice(piece));
        while let Some(envelope) = decoder.next()? {
            messages.push(match envelope {
                Envelope::Message(message) => message,
                Envelope::End(end) => format!("{end:?}").into(),
            });
        }
    }
    Ok((messages, decoder.is_between()))
}
