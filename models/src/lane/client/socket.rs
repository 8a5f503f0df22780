//! A socket that does as it is told, and its other end.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use crate::lane::thread::Awaited;

/// What the peer has got.
pub(super) type Peer = Arc<Awaited<Vec<u8>>>;

/// What a socket does when it is asked to write, or to let go of what it keeps.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// It takes so many bytes, or fewer.
    Takes(usize),
    /// It takes nothing now, and wakes who asked.
    Waits,
}

/// The socket.
#[derive(Debug, Default)]
pub(super) struct Socket {
    peer: Peer,
    writes: VecDeque<Step>,
    flushes: VecDeque<Step>,
    /// Where it takes nothing until somebody opens it.
    door: Option<Arc<Awaited<Door>>>,
    /// Whether it keeps what it takes until it is flushed, and what that is.
    keeps: bool,
    kept: Vec<u8>,
    closed: bool,
}

/// What keeps a socket from writing.
#[derive(Debug, Default)]
pub(super) struct Door {
    open: bool,
    /// The last one who wanted to write: a socket keeps one.
    writer: Option<Waker>,
}

impl Socket {
    /// One that does these things first, and from then on takes all that it is given.
    pub(super) fn new(peer: &Peer, writes: &[Step]) -> Self {
        Self { peer: peer.clone(), writes: writes.iter().copied().collect(), ..Self::default() }
    }

    /// One that keeps what it takes until it is flushed, for which it needs this first.
    pub(super) fn keeping(peer: &Peer, flushes: &[Step]) -> Self {
        Self { flushes: flushes.iter().copied().collect(), keeps: true, ..Self::new(peer, &[]) }
    }

    /// One that takes nothing until it is opened.
    pub(super) fn behind(peer: &Peer, door: &Arc<Awaited<Door>>) -> Self {
        Self { door: Some(door.clone()), ..Self::new(peer, &[]) }
    }

    /// One that nobody may write to.
    pub(super) fn closed() -> Self {
        Self { closed: true, ..Self::default() }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.keeps {
            self.kept.extend_from_slice(bytes);
        } else {
            self.peer.change(|got| got.extend_from_slice(bytes));
        }
    }
}

impl Door {
    /// Whether one may pass. Who may not is woken when that is so.
    fn passes(&mut self, cx: &Context<'_>) -> bool {
        if !self.open {
            self.writer = Some(cx.waker().clone());
        }
        self.open
    }

    pub(super) fn open(door: &Awaited<Self>) {
        let mut writer = None;
        door.change(|door| {
            door.open = true;
            writer = door.writer.take();
        });
        if let Some(writer) = writer {
            writer.wake();
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        assert!(!self.closed, "the socket is closed");
        if let Some(door) = &self.door {
            let mut passes = false;
            door.change(|door| passes = door.passes(cx));
            if !passes {
                return Poll::Pending;
            }
        }
        let count = match self.writes.pop_front() {
            Some(Step::Takes(most)) => bytes.len().min(most),
            Some(Step::Waits) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            None => bytes.len(),
        };
        self.write(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(Step::Waits) = self.flushes.pop_front() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let kept = std::mem::take(&mut self.kept);
        if !kept.is_empty() {
            self.peer.change(|got| got.extend(kept));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
