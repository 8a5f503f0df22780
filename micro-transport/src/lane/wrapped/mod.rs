//! The lane over streams that are no sockets, as it would be over TLS: they cut what is written and read anywhere, and keep
//! it until they are flushed.

mod random;
#[cfg(feature = "conformance")]
mod transport;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use super::random::Random;

/// How much a stream keeps until it is flushed.
const KEPT: usize = 24 * 1024;

/// One end of such a stream.
#[derive(Debug)]
pub(super) struct Choppy {
    inner: DuplexStream,
    kept: BytesMut,
    random: Random,
}

impl Choppy {
    /// Two ends that are connected.
    fn pair(seed: u64) -> (Self, Self) {
        let (one, other) = duplex(32 * 1024);
        let end = |inner, seed| Self { inner, kept: BytesMut::new(), random: Random::new(seed) };
        (end(one, seed), end(other, !seed))
    }

    /// Now and then nothing happens at once.
    fn rests(&mut self, cx: &Context<'_>) -> bool {
        let rests = self.random.below(8) == 0;
        if rests {
            cx.waker().wake_by_ref();
        }
        rests
    }

    fn poll_kept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.kept))?;
            self.kept.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Choppy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rests(cx) {
            return Poll::Pending;
        }
        let most = (1 + self.random.size(16)).min(buf.remaining());
        let mut space = vec![0; most];
        let mut piece = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Choppy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.rests(cx) {
            return Poll::Pending;
        }
        if self.kept.len() >= KEPT {
            ready!(self.poll_kept(cx))?;
        }
        let count = (1 + self.random.size(16)).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_kept(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_kept(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
