//! A place for one frame between a writer and a reader: what a stream's back-pressure comes from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::{Error, Frame, Result};

#[derive(Default)]
struct Place {
    frame: Option<Frame>,
    /// The writer is gone: nothing comes after `frame`.
    finished: bool,
    /// The reader is gone: nobody takes `frame`.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

type Shared = Arc<Mutex<Place>>;

pub(crate) struct Writer(Shared);
pub(crate) struct Reader(Shared);

/// What a reader finds.
pub(crate) enum Taken {
    Frame(Frame),
    /// The writer is gone, and all it wrote was taken.
    End,
    /// Nothing yet; the reader is woken when there is.
    Nothing,
}

pub(crate) fn pipe() -> (Writer, Reader) {
    let shared = Shared::default();
    (Writer(shared.clone()), Reader(shared))
}

/// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
fn lock(shared: &Shared) -> MutexGuard<'_, Place> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer {
    /// Ready when the place is free, or nobody will take anything from it.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut place = lock(&self.0);
        if place.abandoned {
            return Poll::Ready(Err(Error::cancelled("the other side does not read this stream any more")));
        }
        if place.frame.is_none() {
            return Poll::Ready(Ok(()));
        }
        place.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Puts a frame into the free place.
    pub(crate) fn put(&mut self, frame: Frame) {
        let mut place = lock(&self.0);
        place.frame = Some(frame);
        wake(place, |place| place.reader.take());
    }

    /// Ready when nobody reads any more.
    pub(crate) fn poll_abandoned(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut place = lock(&self.0);
        if place.abandoned {
            return Poll::Ready(());
        }
        place.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Reader {
    pub(crate) fn take(&mut self, cx: &mut Context<'_>) -> Taken {
        let mut place = lock(&self.0);
        if let Some(frame) = place.frame.take() {
            wake(place, |place| place.writer.take());
            return Taken::Frame(frame);
        }
        if place.finished {
            return Taken::End;
        }
        place.reader = Some(cx.waker().clone());
        Taken::Nothing
    }
}

/// Wakes after the lock is gone, as the woken may run at once and take it.
fn wake(mut place: MutexGuard<'_, Place>, whom: impl FnOnce(&mut Place) -> Option<Waker>) {
    let waker = whom(&mut place);
    drop(place);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut place = lock(&self.0);
        place.finished = true;
        wake(place, |place| place.reader.take());
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut place = lock(&self.0);
        place.abandoned = true;
        place.frame = None;
        wake(place, |place| place.writer.take());
    }
}
