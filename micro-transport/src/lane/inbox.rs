//! The messages of a stream that came and are not read yet.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use micro_core::{Error, Frame, Metadata, Source};

use super::frame::{Message, Part, Violation};
use super::partial::{Came, Partials};
use super::traffic::{cost, cost_of};

/// How far apart messages may be that are in one block of what was read.
pub(super) const BLOCK: usize = 64 * 1024;
/// How many blocks are kept as they were read, for the small messages in them.
pub(super) const KEPT: usize = 4;

/// Where the messages of one stream wait for their reader: the connection puts them in, and the reader takes them out.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Bytes>,
    end: Option<Ended>,
    /// What the peer may still send; below zero once it began its last message.
    credit: i64,
    /// Where the last block was seen, and how many there are.
    block: usize,
    blocks: usize,
    reader: Option<Waker>,
    /// Nobody reads any more.
    left: bool,
}

/// What became of a message, or of a part of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Delivered {
    Kept,
    /// Nobody reads it: how long it is.
    Unread(usize),
    /// It is longer than what is read: how long it is.
    TooLong(u64),
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

    /// A message of this stream, or a part of one, has come.
    ///
    /// # Errors
    /// Of parts that are none, and when the peer had no credit for a message that begins.
    pub(super) fn deliver(
        &self,
        id: u32,
        message: Message,
        partials: &mut Partials,
    ) -> Result<Delivered, Violation> {
        let above = || Violation::from(format!("call {id} sends more than it has credit for"));
        let part = message.part;
        match partials.put(id, message)? {
            Came::Whole(message) => {
                let mut state = self.lock();
                if part == Part::Whole && !state.begin(message.len()) {
                    return Err(above());
                }
                Ok(keep(state, message))
            }
            Came::Part => match part {
                Part::First { total } if !self.lock().begin(total as usize) => Err(above()),
                _ => Ok(Delivered::Kept),
            },
            Came::TooLong(size) => Ok(Delivered::TooLong(size)),
            Came::Nothing => Ok(Delivered::Kept),
        }
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

impl State {
    fn begin(&mut self, length: usize) -> bool {
        let had = self.credit > 0;
        self.credit -= cost_of(length);
        had
    }

    /// A small message is a part of a large block of what was read, which lives as long as it does. Where its reader is
    /// slow it is copied, so that messages which are waited for do not keep what came between them.
    fn sized(&mut self, message: Bytes) -> Bytes {
        let at = message.as_ptr().addr();
        if self.blocks == 0 || at.abs_diff(self.block) > BLOCK {
            self.block = at;
            self.blocks += 1;
        }
        if self.blocks > KEPT && message.len() < BLOCK / 2 {
            Bytes::copy_from_slice(&message)
        } else {
            message
        }
    }
}

fn keep(mut state: MutexGuard<'_, State>, message: Bytes) -> Delivered {
    if state.left || state.end.is_some() {
        return Delivered::Unread(message.len());
    }
    let message = state.sized(message);
    state.messages.push_back(message);
    wake(state);
    Delivered::Kept
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
    fn give(&self, key: Key, bytes: i64, more: bool);
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
        let bytes = std::mem::take(&mut self.read);
        let more = {
            let mut state = self.inbox.lock();
            state.credit += bytes;
            state.end.is_none()
        };
        self.giving.give(self.key, bytes, more);
    }

    fn message(&mut self, message: Bytes) -> Poll<Option<micro_core::Result<Frame>>> {
        self.read += cost(&message);
        if self.read >= self.telling {
            self.tell();
        }
        Poll::Ready(Some(Ok(Frame::Data(message))))
    }
}

impl Source for Reader {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<micro_core::Result<Frame>>> {
        if let Some(message) = self.taken.pop_front() {
            return self.message(message);
        }
        if self.over {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let mut state = this.inbox.lock();
        std::mem::swap(&mut state.messages, &mut this.taken);
        state.blocks = 0;
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
            self.giving.give(self.key, unread, false);
        }
        if !self.over {
            self.giving.leave(self.key);
        }
    }
}
