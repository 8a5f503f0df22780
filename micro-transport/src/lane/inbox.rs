//! The messages of a stream that came and are not read yet.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use micro_core::{Error, Frame, Messages, Metadata, Pulled, Source};

use super::frame::{Message, Run, Violation};
use super::partial::{Came, Partials};
use super::traffic::{cost_of, cost_of_run};

/// How far apart messages may be that are in one block of what was read.
pub(super) const BLOCK: usize = 64 * 1024;
/// How many blocks are kept as they were read, for the small messages in them.
pub(super) const KEPT: usize = 4;

/// Where the messages of one stream wait for their reader: the connection puts them in, and the reader takes them out.
#[derive(Debug, Default)]
pub(super) struct Inbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Waiting>,
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

/// Messages that wait for their reader.
#[derive(Debug)]
enum Waiting {
    /// As they came.
    Run(Run),
    /// One that came in parts.
    One(Bytes),
}

impl Waiting {
    fn pop(&mut self) -> Option<Bytes> {
        match self {
            Self::Run(run) => run.pop(),
            Self::One(message) => Some(std::mem::take(message)),
        }
    }

    /// How many are left, where the first one of them is taken out next.
    fn is_last(&self) -> bool {
        match self {
            Self::Run(run) => run.count() <= 1,
            Self::One(_) => true,
        }
    }

    fn cost(&self) -> i64 {
        match self {
            Self::Run(run) => cost_of_run(run),
            Self::One(message) => cost_of(message.len()),
        }
    }
}

/// What became of a message, or of a part of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Delivered {
    Kept,
    /// Nobody reads it: what it costs.
    Unread(i64),
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

    /// Messages of this stream have come. Says what they cost, where nobody reads them.
    ///
    /// # Errors
    /// When the peer had no credit for one of them.
    pub(super) fn deliver_all(&self, mut run: Run, partials: &Partials) -> Result<Delivered, Violation> {
        partials.free(run.id)?;
        let mut state = self.lock();
        if !state.begin(cost_of_run(&run), cost_of(run.last())) {
            return Err(above(run.id));
        }
        if state.is_left() {
            return Ok(Delivered::Unread(cost_of_run(&run)));
        }
        state.fit(&mut run);
        state.keep(Waiting::Run(run));
        wake(state);
        Ok(Delivered::Kept)
    }

    /// A part of a message of this stream has come, or one that is too long.
    ///
    /// # Errors
    /// Of parts that are none, and when the peer had no credit for a message that begins.
    pub(super) fn deliver(
        &self,
        id: u32,
        message: Message,
        partials: &mut Partials,
    ) -> Result<Delivered, Violation> {
        let begins = message.begins().map(cost_of);
        let came = partials.put(id, message)?;
        if let Came::TooLong(size) = came {
            return Ok(Delivered::TooLong(size));
        }
        let mut state = self.lock();
        if let Some(cost) = begins
            && !state.begin(cost, cost)
        {
            return Err(above(id));
        }
        let Came::Whole(message) = came else { return Ok(Delivered::Kept) };
        if state.is_left() {
            return Ok(Delivered::Unread(cost_of(message.len())));
        }
        state.keep(Waiting::One(message));
        wake(state);
        Ok(Delivered::Kept)
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
    /// Takes the credit for messages of this cost; says whether there was some when the last of them began.
    fn begin(&mut self, cost: i64, last: i64) -> bool {
        let had = self.credit > cost - last;
        self.credit -= cost;
        had
    }

    fn is_left(&self) -> bool {
        self.left || self.end.is_some()
    }

    /// Small messages are a part of a large block of what was read, which lives as long as they do. Where their reader is
    /// slow they are copied, so that messages which are waited for do not keep what came between them.
    fn fit(&mut self, run: &mut Run) {
        let (count, messages) = (run.count().max(1), run.block());
        let at = messages.as_ptr().addr();
        if self.blocks == 0 || at.abs_diff(self.block) > BLOCK {
            self.block = at;
            self.blocks += 1;
        }
        if self.blocks > KEPT && messages.len() / count < BLOCK / 2 {
            *messages = Bytes::copy_from_slice(messages);
        }
    }

    fn keep(&mut self, messages: Waiting) {
        self.messages.push_back(messages);
    }
}

fn above(id: u32) -> Violation {
    Violation::from(format!("call {id} sends more than it has credit for"))
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
    taken: VecDeque<Waiting>,
    /// What those cost that are with their reader: they are read when it asks for more.
    handed: i64,
    /// What was read and not told yet, and after how much it is.
    read: i64,
    telling: i64,
    over: bool,
}

impl Reader {
    pub(super) fn new(inbox: Arc<Inbox>, giving: Arc<dyn Giving>, key: Key, window: u32) -> Self {
        let telling = i64::from(window / 2).max(1);
        Self { inbox, giving, key, taken: VecDeque::new(), handed: 0, read: 0, telling, over: false }
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

    /// The next message of those that were taken out.
    fn next(&mut self) -> Option<Bytes> {
        let first = self.taken.front_mut()?;
        let is_last = first.is_last();
        let message = first.pop()?;
        if is_last {
            self.taken.pop_front();
        }
        self.count(cost_of(message.len()));
        Some(message)
    }

    /// So much was read.
    fn count(&mut self, cost: i64) {
        self.read += cost;
        if self.read >= self.telling {
            self.tell();
        }
    }

    /// Takes out what has come. Says how the stream ended where nothing has.
    fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended>> {
        let handed = std::mem::take(&mut self.handed);
        self.count(handed);
        if !self.taken.is_empty() {
            return Poll::Ready(None);
        }
        if self.over {
            return Poll::Ready(Some(Ended::Done(None)));
        }
        let mut state = self.inbox.lock();
        std::mem::swap(&mut state.messages, &mut self.taken);
        state.blocks = 0;
        if !self.taken.is_empty() {
            return Poll::Ready(None);
        }
        let Some(how) = state.end.take() else {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        drop(state);
        self.over = true;
        Poll::Ready(Some(how))
    }
}

impl Source for Reader {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<micro_core::Result<Frame>>> {
        Poll::Ready(match ready!(self.poll_taken(cx)) {
            None => self.next().map(|message| Ok(Frame::Data(message))),
            Some(Ended::Done(trailers)) => trailers.map(|trailers| Ok(Frame::Trailers(trailers))),
            Some(Ended::Failed(error)) => Some(Err(error)),
        })
    }

    fn poll_messages(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        messages: &mut Messages,
    ) -> Poll<Pulled> {
        Poll::Ready(match ready!(self.poll_taken(cx)) {
            None => {
                if let Some(waiting) = self.taken.pop_front() {
                    self.handed = waiting.cost();
                    match waiting {
                        Waiting::Run(run) => run.put(messages),
                        Waiting::One(message) => messages.push(message),
                    }
                }
                Pulled::Messages
            }
            Some(Ended::Done(trailers)) => Pulled::End(trailers),
            Some(Ended::Failed(error)) => Pulled::Failed(error),
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let unread = {
            let mut state = self.inbox.lock();
            state.left = true;
            std::mem::take(&mut state.messages)
        };
        let unread =
            self.taken.iter().chain(&unread).map(Waiting::cost).sum::<i64>() + self.read + self.handed;
        if unread > 0 {
            // The stream's own credit is of no use to anybody now; the connection's is.
            self.giving.give(self.key, unread, false);
        }
        if !self.over {
            self.giving.leave(self.key);
        }
    }
}
