//! Who writes to the socket of a lane: its task, or a caller that is alone.
//!
//! Frames are put under the lock of the line. They are written with the pen, which has a lock of its own, so that more
//! are put meanwhile. A caller that is alone writes its frame itself, as far as the socket takes it at once: it has the
//! line and takes the pen. The task takes from the line what was put, lets go of the line, takes the pen, and each time
//! that something is written it takes the line to note that.
//!
//! So callers take the pen while they have the line, and the task takes the line while it has the pen. They never wait for
//! each other because of `writing`: the task sets it, under the line, together with taking what was put, and clears it,
//! under the line, when that is written and the pen is free again. A caller that finds it set leaves the pen alone. That
//! also keeps the order of frames: what the task has taken is written before what is put later.
//!
//! The crate `models` runs this file in all orders that its locks allow.

use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use crate::lane::bell::Bell;
use crate::lane::outbox::Outbox;
use crate::sync::{Mutex, MutexGuard};

/// The line of a lane, and the pen that writes what is put there.
pub(super) struct Desk<L, P> {
    line: Mutex<L>,
    pen: Mutex<P>,
}

/// Whose turn it is to write, and how far that is. It is a part of the line.
#[derive(Debug, Default)]
pub(super) struct Turn {
    bell: Bell,
    /// Whether the task writes what it took: it has the pen, or is about to take it.
    writing: bool,
    /// Whether a caller wrote what the socket may keep.
    unflushed: bool,
    /// How many bytes were taken to be written, and how many are.
    taken: u64,
    written: u64,
}

/// What the lock of a line guards, as those see it who write.
pub(super) trait Lined {
    fn turn(&mut self) -> &mut Turn;

    /// The frames that were put and that nobody took.
    fn outbox(&mut self) -> &mut Outbox;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool;

    /// Moves what is to be written next to `batch`.
    fn take(&mut self, batch: &mut Outbox);
}

impl Turn {
    /// Has the task look at what there is.
    pub(super) fn ring(&mut self) {
        self.bell.ring();
    }

    /// How many bytes were taken to be written since the lane began: what is put now is behind these.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// How many bytes the socket has.
    pub(super) fn written(&self) -> u64 {
        self.written
    }
}

impl<L: Lined, P: AsyncWrite + Unpin> Desk<L, P> {
    pub(super) fn new(line: L, pen: P) -> Self {
        Self { line: Mutex::new(line), pen: Mutex::new(pen) }
    }

    /// The lock of the line. Nothing that runs under it can panic, so a poisoned one is as good as any.
    pub(super) fn line(&self) -> MutexGuard<'_, L> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever takes it has seen, or said, in the line who writes; or has no line and only closes it.
    fn pen(&self) -> MutexGuard<'_, P> {
        self.pen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what was put: at once where its caller is alone and the task does not write, else when the task comes to it.
    pub(super) fn send(&self, line: &mut MutexGuard<'_, L>, alone: bool) {
        if alone && !line.turn().writing {
            self.write_now(line);
        } else {
            line.turn().ring();
        }
    }

    /// Writes what there is, as far as the socket takes it at once: a call that is alone need not wait for the task.
    fn write_now(&self, line: &mut L) {
        let mut pen = self.pen();
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(Ok(count)) = line.outbox().poll_write(&mut cx, &mut *pen) {
            let turn = line.turn();
            turn.taken += count as u64;
            turn.written += count as u64;
        }
        let flushed = matches!(Pin::new(&mut *pen).poll_flush(&mut cx), Poll::Ready(Ok(())));
        line.turn().unflushed |= !flushed;
        // The task sees to the rest, and to errors.
        if !flushed || !line.is_empty() {
            line.turn().ring();
        }
    }

    /// Closes the socket, now and not when the last one lets go who had a call on it. Whoever had the line before the lane
    /// was over has written what it writes.
    pub(super) fn close(&self, instead: P) {
        let pen = std::mem::replace(&mut *self.pen(), instead);
        drop(pen);
    }
}

/// What the task writes.
#[derive(Debug)]
pub(super) struct Writer {
    /// What it took and has not written yet.
    batch: Outbox,
    /// Whether bytes were written and may be kept by the socket.
    unflushed: bool,
    /// Where several threads run tasks, one that is woken runs before those that are about to make calls. It lets them
    /// run once, so that all of their calls go out together.
    polite: bool,
    waited: bool,
}

/// How far the task came.
#[derive(Debug)]
pub(super) enum Wrote {
    /// There is nothing left to write, or it waits until others have run. What is put from now on wakes the task.
    All,
    /// The peer takes nothing now. Whoever wakes the task is heard all the same.
    Blocked,
    /// The connection is over, for this reason.
    Over(String),
}

impl Writer {
    pub(super) fn new(polite: bool) -> Self {
        Self { batch: Outbox::default(), unflushed: false, polite, waited: false }
    }

    /// Whether nothing is left of what it took.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// It lets nobody run before it writes.
    pub(super) fn hurry(&mut self) {
        self.waited = true;
    }

    /// Gives back memory that is not used.
    pub(super) fn rest(&mut self) {
        self.batch.rest();
    }

    /// Writes what there is to write. Each time that it looks at the line, `say` may put something there first.
    pub(super) fn poll_write<L: Lined, P: AsyncWrite + Unpin>(
        &mut self,
        desk: &Desk<L, P>,
        cx: &mut Context<'_>,
        mut say: impl FnMut(&mut L),
    ) -> Wrote {
        loop {
            if self.batch.is_empty() && !self.unflushed {
                let mut line = desk.line();
                // The pen is free.
                let turn = line.turn();
                turn.bell.hear(cx);
                turn.writing = false;
                say(&mut line);
                if !self.take(&mut *line, cx) {
                    return Wrote::All;
                }
            }
            match self.poll_batch(desk, cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(cause)) => return Wrote::Over(cause),
                Poll::Pending => {
                    desk.line().turn().bell.hear(cx);
                    return Wrote::Blocked;
                }
            }
        }
    }

    /// Takes what is to be written next. Says whether there is anything.
    fn take<L: Lined>(&mut self, line: &mut L, cx: &Context<'_>) -> bool {
        if std::mem::take(&mut line.turn().unflushed) {
            self.unflushed = true;
            line.turn().writing = true;
            return true;
        }
        if line.is_empty() {
            self.waited = false;
            return false;
        }
        if self.polite && !self.waited {
            self.waited = true;
            line.turn().bell.put_off(cx);
            return false;
        }
        self.waited = false;
        line.take(&mut self.batch);
        let turn = line.turn();
        turn.taken += self.batch.pending() as u64;
        turn.writing = true;
        true
    }

    /// Writes what was taken.
    ///
    /// # Errors
    /// Says why the connection is over.
    fn poll_batch<L: Lined, P: AsyncWrite + Unpin>(
        &mut self,
        desk: &Desk<L, P>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), String>> {
        let mut pen = desk.pen();
        while !self.batch.is_empty() {
            match self.batch.poll_write(cx, &mut *pen) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err("the peer takes nothing any more".to_owned()));
                }
                Poll::Ready(Ok(count)) => {
                    self.unflushed = true;
                    // The line while it has the pen, which `writing` keeps everybody away from who has the line.
                    desk.line().turn().written += count as u64;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.to_string())),
                Poll::Pending => return Poll::Pending,
            }
        }
        // What a socket with TLS keeps, say, goes out too.
        match Pin::new(&mut *pen).poll_flush(cx) {
            Poll::Ready(Ok(())) => {
                self.unflushed = false;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.to_string())),
            Poll::Pending => Poll::Pending,
        }
    }
}
