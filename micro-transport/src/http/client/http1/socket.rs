//! A socket that speaks HTTP/1.1, with whatever drives it: no task of its own.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use micro_core::Result;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::chunks::Chunks;
use crate::http::client::connect::Target;
use crate::http::client::error;

/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 256 * 1024;

/// A socket, for one call at a time.
pub(super) struct Socket {
    pub(super) sender: SendRequest<Full<Bytes>>,
    /// What moves the bytes, whenever it is polled; `None` when the connection is over.
    driver: Option<Connection<TokioIo<Counted>, Full<Bytes>>>,
    /// What is left of a connection that ended as it should while a call was on it: it speaks something else now, or
    /// nothing.
    left: Option<(TcpStream, Bytes)>,
    /// Why it is over, if that is no regular end.
    broken: Option<hyper::Error>,
    told: Arc<Told>,
    /// Whether a call has begun on it whose answer is not complete.
    pub(super) calling: bool,
    /// Since when it is idle.
    pub(super) since: Instant,
}

/// What a socket and its stream tell each other.
#[derive(Default)]
struct Told {
    /// How many bytes were given to the kernel.
    written: AtomicU64,
    /// Whether the kernel is to be asked what came, and not only the runtime what it has heard of.
    look: AtomicBool,
    /// Whether what comes next is the beginning of an answer.
    begins: AtomicBool,
    /// How large the chunks of the answer are that it has told of, if it comes in chunks.
    announced: AtomicU64,
}

/// How long a socket is idle before the kernel is asked: while calls follow each other nobody else was.
const STALE: Duration = Duration::from_millis(5);

impl Socket {
    pub(super) async fn new(stream: TcpStream, target: &Target) -> Result<Self> {
        let told = Arc::new(Told::default());
        let io = TokioIo::new(Counted { stream, told: told.clone(), chunks: Chunks::default() });
        let (sender, driver) = Builder::new()
            .title_case_headers(true)
            .max_buf_size(MAX_HEAD)
            .handshake(io)
            .await
            .map_err(|cause| error::not_sent(target.address(), cause))?;
        let since = Instant::now();
        Ok(Self { sender, driver: Some(driver), left: None, broken: None, told, calling: false, since })
    }

    /// A call begins on it.
    pub(super) fn begin(&mut self) {
        self.calling = true;
        self.told.begins.store(true, Ordering::Relaxed);
    }

    /// Moves what can be moved.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && let Poll::Ready(result) = Pin::new(driver).poll(cx)
        {
            self.broken = result.err();
            let driver = self.driver.take().filter(|_| self.calling && self.broken.is_none());
            self.left = driver.map(|driver| {
                let parts = driver.into_parts();
                (parts.io.into_inner().stream, parts.read_buf)
            });
        }
    }

    /// Whether the connection has ended, in one way or another.
    pub(super) fn is_over(&self) -> bool {
        self.driver.is_none()
    }

    /// The stream of a connection that ended as it should, and what was read of it behind the last answer.
    pub(super) fn take_left(&mut self) -> Option<(TcpStream, Bytes)> {
        self.left.take()
    }

    /// Whether it takes a call: the one before is done, the peer has not closed it, and nothing came that nobody asked for.
    pub(super) fn is_free(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        self.driver.is_some() && self.sender.is_ready()
    }

    /// The same for one that was idle, of which the runtime may not have heard yet that its peer closed it: after a while
    /// in which this process did not run, that is what most of them are.
    pub(super) fn is_fresh(&mut self, cx: &mut Context<'_>) -> bool {
        let look = self.since.elapsed() >= STALE;
        self.told.look.store(look, Ordering::Relaxed);
        let free = self.is_free(cx);
        self.told.look.store(false, Ordering::Relaxed);
        free
    }

    /// How many bytes were given to the kernel so far.
    pub(super) fn written(&self) -> u64 {
        self.told.written.load(Ordering::Relaxed)
    }

    /// How large the chunks of the answer are that it has told of, if it comes in chunks.
    pub(super) fn announced(&self) -> u64 {
        self.told.announced.load(Ordering::Relaxed)
    }

    /// What was read of a connection that ended as it should, and not used.
    pub(super) fn unused(&self) -> &[u8] {
        self.left.as_ref().map_or(&[], |(_, bytes)| bytes)
    }

    /// Why the connection is over, as far as that is known.
    pub(super) fn broken(&self) -> Option<&hyper::Error> {
        self.broken.as_ref()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take().filter(|_| self.calling) {
            // The mere end of this side may mean that its owner has said all and waits for the answer, so that a server
            // goes on for a while. Where it fails the peer is gone.
            let stream = driver.into_parts().io.into_inner().stream;
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// A TCP stream that counts what is written: what was not written was certainly not read by anybody. Of what is read it
/// notes how much is announced.
pub(super) struct Counted {
    stream: TcpStream,
    told: Arc<Told>,
    chunks: Chunks,
}

impl Counted {
    fn count(&self, written: usize) -> usize {
        self.told.written.fetch_add(written as u64, Ordering::Relaxed);
        written
    }

    fn note(&mut self, bytes: &[u8]) {
        if self.told.begins.load(Ordering::Relaxed) {
            self.told.begins.store(false, Ordering::Relaxed);
            self.chunks = Chunks::default();
            self.told.announced.store(0, Ordering::Relaxed);
        }
        let before = self.chunks.announced();
        self.chunks.pass(bytes);
        if self.chunks.announced() > before {
            self.told.announced.store(self.chunks.announced(), Ordering::Relaxed);
        }
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if result.is_pending() && self.told.look.load(Ordering::Relaxed) {
            return match (&*SockRef::from(&self.stream)).read(buf.initialize_unfilled()) {
                Ok(count) => {
                    buf.advance(count);
                    Poll::Ready(Ok(()))
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                Err(error) => Poll::Ready(Err(error)),
            };
        }
        result
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = self.read(cx, buf);
        self.note(&buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        Poll::Ready(Ok(self.count(written)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        Poll::Ready(Ok(self.count(written)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
