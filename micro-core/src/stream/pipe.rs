//! A place for a few messages between a writer and a reader: what a stream's back-pressure comes from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::Messages;
use super::turn::{Key, Turn};
use crate::message::Written;
use crate::{Error, Format, Message, Metadata, Result};

/// How many messages there is place for, and how many bytes fill it.
const MOST: usize = 256;
const FULL: usize = 16 * 1024;
/// How many messages a writer puts in without asking again, at most.
const PORTION: usize = 64;
/// How long a writer may go on that keeps its reader from running. What it makes slowly goes out one by one.
const LONG: Duration = Duration::from_micros(100);

#[derive(Default)]
struct Place {
    messages: Messages,
    /// What is said after them.
    trailers: Option<Metadata>,
    pace: Pace,
    /// Which turn the handler has, or had last, where one sends: what it sends within that does not come here.
    turn: u64,
    /// The writer is gone: nothing comes after what is there.
    finished: bool,
    /// The reader is gone: nobody takes what is there.
    abandoned: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// How far the writer may go before its reader runs again.
#[derive(Clone, Copy, Default)]
pub(super) enum Pace {
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
    /// The turn in which it was not with its handler's thread: for the rest of it all that it sends goes the same way, in
    /// its order.
    away: Option<u64>,
    /// Whether the last message was a large one.
    large: bool,
}

pub(crate) struct Reader {
    shared: Shared,
    /// Whether the writer waited when messages were taken last.
    eager: bool,
    /// Which turn the handler has next, and how far it may go in that.
    turn: u64,
    pace: Pace,
    /// Who waited in the last one for a place for more.
    writer: Option<Waker>,
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
    let writer = Writer { shared: shared.clone(), room: 0, away: None, large: false };
    (writer, Reader { shared, eager: false, turn: 0, pace: Pace::One, writer: None })
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
        if self.trailers.is_some() { 0 } else { self.pace.room(&self.messages) }
    }
}

impl Pace {
    /// How many messages may follow these now.
    fn room(self, messages: &Messages) -> usize {
        let count = messages.len();
        if messages.bytes() >= FULL {
            return 0;
        }
        let most = match self {
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
        let room = self.in_turn(|turn| {
            let room = turn.pace.room(&turn.messages);
            if room == 0 {
                set(&mut turn.writer, cx);
            }
            room
        });
        if let Some(room) = room {
            self.room = room;
            return if room > 0 { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
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

    /// Does something with the turn of its handler, where that runs now, on this thread.
    fn in_turn<R>(&self, act: impl FnOnce(&mut Turn) -> R) -> Option<R> {
        let mine = |key: Key| key.pipe == address(&self.shared) && self.away != Some(key.number);
        Turn::with(mine, act)
    }

    /// Puts a message into the place that there is.
    ///
    /// # Errors
    /// When nobody will take it, and what encoding says.
    pub(crate) fn send<T: Message>(&mut self, message: &T, format: Format) -> Result<()> {
        // A large one is written where others can be as large.
        if !self.large && !T::IS_BYTES {
            let written = self.in_turn(|turn| {
                let length = turn.messages.write(|out| message.encode(format, out));
                length.map(|length| (length, turn.messages.bytes()))
            });
            if let Some(written) = written {
                let (length, bytes) = written?;
                self.large = Messages::is_large(length);
                self.went(bytes);
                return Ok(());
            }
        }
        message.written(format, |message| self.put(message))?
    }

    /// There is a message more, and so many bytes of all.
    fn went(&mut self, bytes: usize) {
        self.room = if bytes < FULL { self.room.saturating_sub(1) } else { 0 };
    }

    /// Puts in one that was written.
    ///
    /// # Errors
    /// When nobody will take it.
    pub(crate) fn put(&mut self, message: Written<'_>) -> Result<()> {
        self.large = Messages::is_large(message.len());
        let mut message = Some(message);
        let bytes = self.in_turn(|turn| {
            if let Some(message) = message.take() {
                turn.messages.put(message);
            }
            turn.messages.bytes()
        });
        let Some(message) = message else {
            self.went(bytes.unwrap_or(FULL));
            return Ok(());
        };
        let mut place = lock(&self.shared);
        self.away = Some(place.turn);
        if place.abandoned {
            return Err(abandoned());
        }
        place.messages.put(message);
        let bytes = place.messages.bytes();
        wake(place, |place| place.reader.take());
        self.went(bytes);
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
    /// Has the handler run whose writer this is. What it sends comes into `messages`, which is empty: to be taken before
    /// anything else. For who has looked before.
    pub(crate) fn turn<R>(&mut self, messages: &mut Messages, run: impl FnOnce() -> R) -> R {
        let key = Key { pipe: address(&self.shared), number: self.turn };
        let (result, turn) = Turn::new(key, std::mem::take(messages), self.pace).run(run);
        if let Some(turn) = turn {
            (*messages, self.writer) = (turn.messages, turn.writer);
        }
        result
    }

    /// Takes what there is, messages into `messages`, where there may be those of a turn.
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
        let next = match self.try_take(messages) {
            Ok(taken) => return taken,
            Err(mut place) => {
                place.pace = if eager { Pace::Since(Instant::now()) } else { Pace::One };
                place.turn += 1;
                (place.pace, place.turn)
            }
        };
        (self.pace, self.turn) = next;
        Taken::Nothing
    }

    fn try_take(&mut self, messages: &mut Messages) -> std::result::Result<Taken, MutexGuard<'_, Place>> {
        let mut place = lock(&self.shared);
        if messages.is_empty() {
            std::mem::swap(&mut place.messages, messages);
        } else {
            messages.append(&mut place.messages);
        }
        if !messages.is_empty() {
            place.pace = Pace::Free;
            let waits = self.writer.take();
            self.eager = waits.is_some() || place.writer.is_some();
            wake(place, |place| place.writer.take());
            if let Some(writer) = waits {
                writer.wake();
            }
            return Ok(Taken::Messages);
        }
        if let Some(trailers) = place.trailers.take() {
            return Ok(Taken::Trailers(trailers));
        }
        if place.finished { Ok(Taken::End) } else { Err(place) }
    }
}

/// What tells a pipe from the others.
fn address(shared: &Shared) -> usize {
    Arc::as_ptr(shared).addr()
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
