//! The messages of a stream that came and are not read yet.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use micro_core::{Error, Frame, Metadata, Result, Source};

use super::traffic::cost;

/// Where the messages of one stream wait for their reader: the connection puts them in, and the reader takes them out.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Bytes>,
    end: Option<Ended>,
    /// What the peer may still send; below zero once it began its last message.
    credit: i64,
    reader: Option<Waker>,
    /// Nobody reads any more.
    left: bool,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Put {
    Kept,
    /// Nobody reads it: how long it is.
    Unread(usize),
    /// The peer had no credit for it.
    Above,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) enum Ended {
    Done(Option<Metadata>),
    Failed(Error),
}

impl Inbox {
    pub(super) fn new(window: u32) -> Arc<Self> {
        let state = State { credit: i64::from(window), ..State::default() };
        Arc::new(Self(Mutex::new(state)))
    }

    /// A message has come.
    pub(super) fn put(&self, message: Bytes) -> Put {
        let mut state = self.lock();
        if state.credit <= 0 {
            return Put::Above;
        }
        state.credit -= cost(&message);
        if state.left || state.end.is_some() {
            return Put::Unread(message.len());
        }
        state.messages.push_back(message);
        wake(state);
        Put::Kept
    }

    /// Nobody reads what comes.
    pub(super) fn leave(&self) {
        self.lock().left = true;
    }

    /// Nothing comes any more. What came before is still read.
    pub(super) fn end(&self, how: Ended) {
        let mut state = self.lock();
        if state.end.is_none() {
            state.end = Some(how);
            wake(state);
        }
    }

    /// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes when the lock is gone.
fn wake(mut state: MutexGuard<'_, State>) {
    let reader = state.reader.take();
    drop(state);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// Where a reader tells what it took.
pub(super) trait Giving: Send + Sync + 'static {
    /// So much of a stream's messages was taken; `more` when the stream may go on.
    fn give(&self, key: Key, bytes: u32, more: bool);
    /// Nobody reads this stream any more.
    fn leave(&self, key: Key);
}

/// One use of a call's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    pub(super) id: u32,
    /// Tells it from earlier and later calls with the same number.
    pub(super) use_: u32,
}

/// The reader of a stream.
pub(super) struct Reader {
    inbox: Arc<Inbox>,
    giving: Arc<dyn Giving>,
    key: Key,
    /// Messages that were taken out, and are not read yet.
    taken: VecDeque<Bytes>,
    /// What was read and not told yet, and after how much it is.
    read: i64,
    telling: i64,
    over: bool,
}

impl Reader {
    pub(super) fn new(inbox: Arc<Inbox>, giving: Arc<dyn Giving>, key: Key, window: u32) -> Self {
        let telling = i64::from(window / 2).max(1);
        Self { inbox, giving, key, taken: VecDeque::new(), read: 0, telling, over: false }
    }

    /// Tells what was read, so that more comes.
    fn tell(&mut self) {
        let bytes = u32::try_from(self.read).unwrap_or(u32::MAX);
        self.read = 0;
        let more = {
            let mut state = self.inbox.lock();
            state.credit += i64::from(bytes);
            state.end.is_none()
        };
        self.giving.give(self.key, bytes, more);
    }

    fn message(&mut self, message: Bytes) -> Poll<Option<Result<Frame>>> {
        self.read += cost(&message);
        if self.read >= self.telling {
            self.tell();
        }
        Poll::Ready(Some(Ok(Frame::Data(message))))
    }
}

impl Source for Reader {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if let Some(message) = self.taken.pop_front() {
            return self.message(message);
        }
        if self.over {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let mut state = this.inbox.lock();
        std::mem::swap(&mut state.messages, &mut this.taken);
        let end = if this.taken.is_empty() { state.end.take() } else { None };
        if this.taken.is_empty() && end.is_none() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(state);
        match end {
            None => match this.taken.pop_front() {
                Some(message) => self.message(message),
                None => Poll::Pending,
            },
            Some(how) => {
                this.over = true;
                Poll::Ready(match how {
                    Ended::Done(trailers) => trailers.map(|trailers| Ok(Frame::Trailers(trailers))),
                    Ended::Failed(error) => Some(Err(error)),
                })
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let unread = {
            let mut state = self.inbox.lock();
            state.left = true;
            std::mem::take(&mut state.messages)
        };
        let unread = self.taken.iter().chain(&unread).map(cost).sum::<i64>() + self.read;
        if unread > 0 {
            // The stream's own credit is of no use to anybody now; the connection's is.
            self.giving.give(self.key, u32::try_from(unread).unwrap_or(u32::MAX), false);
        }
        if !self.over {
            self.giving.leave(self.key);
        }
    }
}
