//! The socket of a connection, as hyper reads and writes it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::end::End;

/// How long the beginning of HTTP/2 is at least: the preface, and the head of the frame SETTINGS.
const OPENING: usize = 24 + 9;

/// How much is read behind a request while its call runs, beside what hyper has of it, in bytes. The end of a peer that
/// sends more than that ahead of its answers is seen when they are answered.
const AHEAD: usize = 64 * 1024;

/// What a connection is read from and written to: a TCP stream, or what stands for one where there is no network.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Socket for S {}

/// A socket that gives back what was read of it to see what it speaks, and tells what it is used for.
#[derive(Debug)]
pub(super) struct Stream<S> {
    socket: S,
    /// What was read before hyper asked for it.
    ahead: BytesMut,
    activity: Arc<Activity>,
    /// What the peer's end means, with HTTP/1.1. With HTTP/2 one side of a call is closed by a frame.
    end: Option<End>,
    /// Whether hyper waits for bytes.
    awaited: bool,
    /// How many bytes of the beginning of HTTP/2 are still to come.
    opening: usize,
    /// Whether the peer takes nothing of what there is to send.
    blocked: bool,
    /// The status with which hyper would have refused what came.
    refused: Option<u16>,
}

impl<S: Socket> Stream<S> {
    /// The socket of an HTTP/1.1 connection, of which `first` was read.
    pub(super) fn http1(socket: S, first: BytesMut, activity: Arc<Activity>) -> Self {
        let end = Some(End::new(activity.clone()));
        Self {
            socket,
            ahead: first,
            activity,
            end,
            awaited: false,
            opening: 0,
            blocked: false,
            refused: None,
        }
    }

    /// The socket of an HTTP/2 connection.
    pub(super) fn http2(socket: S, first: BytesMut, activity: Arc<Activity>) -> Self {
        activity.bytes_came();
        let opening = OPENING;
        Self {
            socket,
            ahead: first,
            activity,
            end: None,
            awaited: false,
            opening,
            blocked: false,
            refused: None,
        }
    }

    /// The status with which hyper would have refused what came: it has no words for why, so it is not sent.
    pub(super) fn refused(&self) -> Option<u16> {
        self.refused
    }

    /// Takes what is written while no call of HTTP/1.1 is answered: that is hyper's own answer, the last one on its
    /// connection.
    fn takes_refusal(&mut self, first: &[u8]) -> bool {
        if self.end.is_none() || self.activity.owes() {
            return false;
        }
        let status = || std::str::from_utf8(first.get(9..12)?).ok()?.parse().ok();
        self.refused = self.refused.or_else(status);
        true
    }

    /// Tells when the peer takes nothing any more, and when it does again.
    fn wrote(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_pending() != self.blocked {
            self.blocked = written.is_pending();
            self.activity.block(self.blocked);
        }
        if self.blocked {
            self.look_ahead(cx)?;
        }
        written
    }

    /// Whether a call was cancelled because its caller closed its side.
    pub(super) fn caller_left(&self) -> bool {
        self.end.as_ref().is_some_and(End::has_left)
    }

    /// The socket alone.
    pub(super) fn into_socket(self) -> S {
        self.socket
    }

    /// The socket, and what was read of it behind the last request, of which hyper has the first part.
    pub(super) fn into_unread(self, first: Bytes) -> (S, BytesMut) {
        let mut unread = BytesMut::from(first);
        unread.extend_from_slice(&self.ahead);
        (self.socket, unread)
    }

    /// Looks for the peer's end while a call runs and hyper does not: it stops at the first bytes behind a request, and
    /// whoever sends them and goes away would never be missed. Where nothing came behind it hyper waits for the end
    /// itself, so this costs nothing then.
    ///
    /// # Errors
    /// The connection is broken, or its call is to be cancelled.
    fn look_ahead(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        /// How much is read at a time.
        const PIECE: usize = 4 * 1024;
        let Some(end) = &mut self.end else { return Ok(()) };
        if self.awaited || !self.activity.is_served() {
            return Ok(());
        }
        while !end.has_come() {
            if self.ahead.len() >= AHEAD {
                return Ok(());
            }
            let mut piece = [MaybeUninit::uninit(); PIECE];
            let mut piece = ReadBuf::uninit(&mut piece);
            match Pin::new(&mut self.socket).poll_read(cx, &mut piece)? {
                Poll::Pending => return Ok(()),
                Poll::Ready(()) if piece.filled().is_empty() => break,
                Poll::Ready(()) => self.ahead.put_slice(piece.filled()),
            }
        }
        match end.poll(cx) {
            Poll::Ready(told) => told,
            Poll::Pending => Ok(()),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        if self.ahead.has_remaining() {
            into.put((&mut self.ahead).take(into.remaining()));
            if self.ahead.is_empty() {
                self.ahead = BytesMut::new();
            }
        } else if !self.end.as_ref().is_some_and(End::has_come) {
            ready!(Pin::new(&mut self.socket).poll_read(cx, into))?;
        }
        let count = into.filled().len() - before;
        let Some(end) = &mut self.end else {
            // Frames of HTTP/2 are no head of a request: pings come on an idle connection too.
            if count > 0 && self.opening > 0 {
                self.opening = self.opening.saturating_sub(count);
                if self.opening == 0 {
                    self.activity.opened();
                }
            }
            return Poll::Ready(Ok(()));
        };
        if count > 0 {
            self.activity.bytes_came();
        } else if into.remaining() > 0 {
            return end.poll(cx);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = this.poll_bytes(cx, into);
        this.awaited = read.is_pending();
        read
    }
}

impl<S: Socket> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes_refusal(from) {
            return Poll::Ready(Ok(from.len()));
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, from);
        self.wrote(cx, written)
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
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper comes here whenever it was woken, whatever there is to send.
        self.look_ahead(cx)?;
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        if self.activity.flushed() && self.end.as_ref().is_some_and(End::has_come) {
            // The end can be told now, for which hyper waits.
            cx.waker().wake_by_ref();
        }
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
