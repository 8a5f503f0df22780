//! The socket of a connection, as hyper reads and writes it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::activity::Activity;

/// How long a call over HTTP/1.1 goes on after its caller closed its side. A caller that only half closes and one that
/// is gone look the same: this is long enough to answer the one, and short enough to cancel what nobody waits for.
const HALF_CLOSED: Duration = Duration::from_millis(500);

/// How long the beginning of HTTP/2 is at least: the preface, and the head of the frame SETTINGS.
const OPENING: usize = 24 + 9;

/// What a connection is read from and written to: a TCP stream, or what stands for one where there is no network.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Socket for S {}

/// A socket that gives back what was read of it to see what it speaks, and tells what it is used for.
#[derive(Debug)]
pub(super) struct Stream<S> {
    socket: S,
    first: Bytes,
    activity: Arc<Activity>,
    end: End,
    /// How many bytes of the beginning of HTTP/2 are still to come.
    opening: usize,
    /// Whether the peer takes nothing of what there is to send.
    blocked: bool,
    /// The status with which hyper would have refused what came.
    refused: Option<u16>,
}

/// What happens at the peer's end of the stream.
#[derive(Debug)]
enum End {
    /// It is told at once.
    Told,
    /// It is told once no call runs, or when the time is up.
    Held(Option<Pin<Box<Sleep>>>),
}

impl<S: Socket> Stream<S> {
    /// The socket of an HTTP/1.1 connection, of which `first` was read.
    pub(super) fn http1(socket: S, first: Bytes, activity: Arc<Activity>) -> Self {
        Self { socket, first, activity, end: End::Held(None), opening: 0, blocked: false, refused: None }
    }

    /// The socket of an HTTP/2 connection, where one side of a call is closed by a frame.
    pub(super) fn http2(socket: S, first: Bytes, activity: Arc<Activity>) -> Self {
        activity.bytes_came();
        Self { socket, first, activity, end: End::Told, opening: OPENING, blocked: false, refused: None }
    }

    /// The status with which hyper would have refused what came: it has no words for why, so it is not sent.
    pub(super) fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Takes what is written while no call of HTTP/1.1 is answered: that is hyper's own answer, the last one on its
    /// connection.
    fn takes_refusal(&mut self, first: &[u8]) -> bool {
        if matches!(self.end, End::Told) || self.activity.owes() {
            return false;
        }
        let status = || std::str::from_utf8(first.get(9..12)?).ok()?.parse().ok();
        self.refused = self.refused.or_else(status);
        true
    }

    /// Tells when the peer takes nothing any more, and when it does again.
    fn wrote(&mut self, written: &Poll<io::Result<usize>>) {
        if written.is_pending() != self.blocked {
            self.blocked = written.is_pending();
            self.activity.block(self.blocked);
        }
    }

    /// The socket alone.
    pub(super) fn into_socket(self) -> S {
        self.socket
    }

    /// Whether the end may be told now.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.end {
            End::Held(held) if self.activity.is_running() => {
                held.get_or_insert_with(|| Box::pin(sleep(HALF_CLOSED))).as_mut().poll(cx)
            }
            _ => Poll::Ready(()),
        }
    }
}

impl<S: Socket> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = into.filled().len();
        if this.first.has_remaining() {
            let count = this.first.len().min(into.remaining());
            into.put_slice(&this.first.split_to(count));
        } else if matches!(this.end, End::Held(Some(_))) {
            ready!(this.poll_end(cx));
            return Poll::Ready(Ok(()));
        } else {
            ready!(Pin::new(&mut this.socket).poll_read(cx, into))?;
        }
        if into.filled().len() > before {
            // Frames of HTTP/2 are no head of a request: pings come on an idle connection too.
            if matches!(this.end, End::Held(_)) {
                this.activity.bytes_came();
            } else if this.opening > 0 {
                this.opening = this.opening.saturating_sub(into.filled().len() - before);
                if this.opening == 0 {
                    this.activity.opened();
                }
            }
        } else if into.remaining() > 0 {
            ready!(this.poll_end(cx));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_refusal(from) {
            return Poll::Ready(Ok(from.len()));
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, from);
        self.wrote(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.takes_refusal(from.first().map_or(&[], |first| first)) {
            return Poll::Ready(Ok(from.iter().map(|piece| piece.len()).sum()));
        }
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, from);
        self.wrote(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        self.activity.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.refused.is_some() {
            // The words for it are still to be sent.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
