//! A TCP stream that knows when its peer was heard last, and which calls have begun to go out on it.

use std::io;
use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::begun::{Begun, Frames};

/// How much is looked at of what a peer sends first: settings are few.
const GREETING: usize = 1024;
/// The type of the frame with the settings, and the number of the one for the largest head (RFC 9113, section 6.5).
const SETTINGS: u8 = 4;
const MAX_HEADER_LIST_SIZE: u8 = 6;

/// When something last happened on a connection.
#[derive(Clone, Debug)]
pub(super) struct Signs(Arc<Moments>);

/// All in microseconds since the start.
#[derive(Debug)]
struct Moments {
    start: Instant,
    /// When the peer was heard last; 0 if it never was.
    heard: AtomicU64,
    /// Since when its silence means something: until then nobody waited for it.
    asked: AtomicU64,
    /// The largest head that the peer takes, in bytes.
    max_head: AtomicU64,
}

impl Signs {
    pub(super) fn new() -> Self {
        let (heard, asked) = Default::default();
        let max_head = AtomicU64::new(u64::MAX);
        Self(Arc::new(Moments { start: Instant::now(), heard, asked, max_head }))
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.0.start.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    fn hear(&self) {
        self.0.heard.store(self.now(), Ordering::Relaxed);
    }

    pub(super) fn heard(&self) -> u64 {
        self.0.heard.load(Ordering::Relaxed)
    }

    /// The largest head that the peer takes, in bytes, as far as it has said.
    pub(super) fn max_head(&self) -> u64 {
        self.0.max_head.load(Ordering::Relaxed)
    }

    /// Its silence until now says nothing.
    pub(super) fn wait_from(&self, now: u64) {
        self.0.asked.store(now, Ordering::Relaxed);
    }

    /// Since when somebody waits in vain.
    pub(super) fn since(&self) -> Instant {
        self.0.start + Duration::from_micros(self.heard().max(self.0.asked.load(Ordering::Relaxed)))
    }
}

/// The stream.
pub(super) struct Watched {
    stream: TcpStream,
    signs: Signs,
    begun: Begun,
    frames: Frames,
    /// The beginning of what the peer sent, until its settings are read.
    greeting: Option<Vec<u8>>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, signs: Signs, begun: Begun) -> Self {
        Self { stream, signs, begun, frames: Frames::default(), greeting: Some(Vec::new()) }
    }

    /// Reads the peer's settings, which are the first frame that it sends (RFC 9113, section 3.4), for the one that the
    /// HTTP/2 library does not tell.
    fn greet(&mut self, bytes: &[u8]) {
        let Some(greeting) = &mut self.greeting else { return };
        let missing = GREETING.saturating_sub(greeting.len());
        greeting.extend(bytes.iter().take(missing));
        let Some((&[a, b, c, kind, ..], payload)) = greeting.split_first_chunk::<9>() else { return };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if kind == SETTINGS && payload.len() < length && greeting.len() < GREETING {
            return;
        }
        if kind == SETTINGS {
            for setting in payload[..length.min(payload.len())].as_chunks::<6>().0 {
                let [0, MAX_HEADER_LIST_SIZE, value @ ..] = setting else { continue };
                self.signs.0.max_head.store(u32::from_be_bytes(*value).into(), Ordering::Relaxed);
            }
        }
        self.greeting = None;
    }

    /// Writes, and notes what begins. It is noted before, as the peer may answer before the kernel does.
    fn write<'a>(
        &mut self,
        pieces: impl Iterator<Item = &'a [u8]> + Clone,
        write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let mut after = self.frames;
        let (mut stream, mut length) = (0, 0);
        for piece in pieces.clone() {
            stream = stream.max(after.pass(piece));
            length += piece.len();
        }
        let before = match stream {
            0 => 0,
            _ => self.begun.begin(stream).ok_or(io::ErrorKind::BrokenPipe)?,
        };
        let result = write(Pin::new(&mut self.stream));
        let mut written = match &result {
            Poll::Ready(Ok(written)) if *written == length => {
                self.frames = after;
                return result;
            }
            Poll::Ready(Ok(written)) => *written,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        let mut began = 0;
        for piece in pieces {
            let taken = written.min(piece.len());
            began = began.max(self.frames.pass(&piece[..taken]));
            written -= taken;
        }
        if began < stream {
            self.begun.take_back(stream, before.max(began.into()));
        }
        result
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if result.is_ready() {
            self.signs.hear();
            if self.greeting.is_some() {
                self.greet(&buf.filled()[before..]);
            }
        }
        result
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.write(iter::once(buf), |stream| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(bufs.iter().map(|buf| &**buf), |stream| stream.poll_write_vectored(cx, bufs))
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
