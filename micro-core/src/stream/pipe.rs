//! A place for a few messages between a writer and a reader: what a stream's back-pressure comes from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::Messages;
use crate::message::Written;
use crate::{Error, Metadata, Result};

/// How many messages there is place for, and how many bytes fill it.
const MOST: usize = 256;
const FULL: usize = 16 * 1024;
/// How many messages a writer puts in without asking again, at most.
const PORTION: usize = 16;
/// How long a writer may go on that keeps its reader from running. What it makes slowly goes out one by one.
const LONG: Duration = Duration::from_micros(100);

#[derive(Default)]
struct Place {
    messages: Messages,
    /// What is said after them.
    trailers: Option<Metadata>,
    pace: Pace,
    /// The writer is gone: nothing comes after what is there.
    finished: bool,
    /// The reader is gone: nobody takes what is there.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// How far the writer may go before its reader runs again.
#[derive(Clone, Copy, Default)]
enum Pace {
    /// As far as there is place: they run beside each other.
    #[default]
    Free,
    /// One message: the reader waits for the writer, and it may be long until that makes another one.
    One,
    /// As far as there is place, for a while from then on: the reader waits for a writer that had more to write.
    Since(Instant),
}

type Shared = Arc<Mutex<Place>>;

pub(crate) struct Writer {
    shared: Shared,
    /// How many messages it may put in without asking.
    room: usize,
}

pub(crate) struct Reader {
    shared: Shared,
    /// Whether the writer waited when messages were taken last.
    eager: bool,
}

/// What a reader finds.
#[derive(Debug)]
pub(crate) enum Taken {
    /// All messages that were there.
    Messages,
    Trailers(Metadata),
    /// The writer is gone, and all it wrote was taken.
    End,
    /// Nothing yet; the reader is woken when there is.
    Nothing,
}

pub(crate) fn pipe() -> (Writer, Reader) {
    let shared = Shared::default();
    (Writer { shared: shared.clone(), room: 0 }, Reader { shared, eager: false })
}

/// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
fn lock(shared: &Shared) -> MutexGuard<'_, Place> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn abandoned() -> Error {
    Error::cancelled("the other side does not read this stream any more")
}

impl Place {
    /// How many messages may be put in now.
    fn room(&self) -> usize {
        let count = self.messages.len();
        if self.messages.bytes() >= FULL || self.trailers.is_some() {
            return 0;
        }
        let most = match self.pace {
            Pace::Free => PORTION,
            // By and by more, so that a few slow ones do not keep the first.
            Pace::Since(_) if count == 0 => 1,
            Pace::Since(since) if since.elapsed() < LONG => count.min(PORTION),
            Pace::One if count == 0 => 1,
            Pace::One | Pace::Since(_) => 0,
        };
        most.min(MOST - count.min(MOST))
    }
}

impl Writer {
    /// Ready when there is place, or nobody will take anything from it.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut place = lock(&self.shared);
        if place.abandoned {
            return Poll::Ready(Err(abandoned()));
        }
        self.room = place.room();
        if self.room > 0 {
            return Poll::Ready(Ok(()));
        }
        set(&mut place.writer, cx);
        Poll::Pending
    }

    /// Whether there is place for sure.
    pub(crate) fn is_ready(&self) -> bool {
        self.room > 0
    }

    /// Puts a message into the place that there is.
    ///
    /// # Errors
    /// When nobody will take it.
    pub(crate) fn put(&mut self, message: Written<'_>) -> Result<()> {
        let mut place = lock(&self.shared);
        if place.abandoned {
            return Err(abandoned());
        }
        place.messages.put(message);
        self.room = if place.messages.bytes() < FULL { self.room.saturating_sub(1) } else { 0 };
        wake(place, |place| place.reader.take());
        Ok(())
    }

    /// Puts in what is said after the last message.
    pub(crate) fn put_trailers(&mut self, trailers: Metadata) {
        let mut place = lock(&self.shared);
        place.trailers = Some(trailers);
        wake(place, |place| place.reader.take());
    }

    /// Ready when nobody reads any more.
    pub(crate) fn poll_abandoned(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut place = lock(&self.shared);
        if place.abandoned {
            return Poll::Ready(());
        }
        set(&mut place.writer, cx);
        Poll::Pending
    }
}

impl Reader {
    /// Takes what there is, messages into `messages`, which is empty.
    pub(crate) fn take(&mut self, cx: &mut Context<'_>, messages: &mut Messages) -> Taken {
        match self.try_take(messages) {
            Ok(taken) => taken,
            Err(mut place) => {
                place.pace = Pace::Free;
                place.messages.rest();
                messages.rest();
                set(&mut place.reader, cx);
                Taken::Nothing
            }
        }
    }

    /// The same for a reader that lets the writer run where there is nothing yet, and looks again then.
    pub(crate) fn take_before(&mut self, messages: &mut Messages) -> Taken {
        let eager = std::mem::take(&mut self.eager);
        match self.try_take(messages) {
            Ok(taken) => taken,
            Err(mut place) => {
                place.pace = if eager { Pace::Since(Instant::now()) } else { Pace::One };
                Taken::Nothing
            }
        }
    }

    fn try_take(&mut self, messages: &mut Messages) -> std::result::Result<Taken, MutexGuard<'_, Place>> {
        let mut place = lock(&self.shared);
        if !place.messages.is_empty() {
            std::mem::swap(&mut place.messages, messages);
            place.pace = Pace::Free;
            self.eager = place.writer.is_some();
            wake(place, |place| place.writer.take());
            return Ok(Taken::Messages);
        }
        if let Some(trailers) = place.trailers.take() {
            return Ok(Taken::Trailers(trailers));
        }
        if place.finished { Ok(Taken::End) } else { Err(place) }
    }
}

/// Remembers whom to wake.
fn set(waker: &mut Option<Waker>, cx: &Context<'_>) {
    if waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
        *waker = Some(cx.waker().clone());
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
        let mut place = lock(&self.shared);
        place.finished = true;
        wake(place, |place| place.reader.take());
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut place = lock(&self.shared);
        place.abandoned = true;
        (place.messages, place.trailers) = (Messages::default(), None);
        wake(place, |place| place.writer.take());
    }
}
