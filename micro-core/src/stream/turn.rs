//! What a handler sends while it runs: it lies with the handler's thread until the handler rests, so that nothing is
//! locked for a message.

use std::cell::RefCell;
use std::task::Waker;

use super::Messages;
use super::pipe::Pace;

thread_local! {
    static TURN: RefCell<Option<Turn>> = const { RefCell::new(None) };
}

/// One poll of a handler, and what it sent by then.
pub(super) struct Turn {
    pub(super) key: Key,
    pub(super) messages: Messages,
    pub(super) pace: Pace,
    /// Who waits for a place for more.
    pub(super) writer: Option<Waker>,
}

/// Tells a turn from all others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Key {
    /// Where the pipe is.
    pub(super) pipe: usize,
    /// Which turn of its handler this is.
    pub(super) number: u64,
}

/// A turn that is not the thread's: the one that is to run, and while it does the one within which it began.
struct Other {
    turn: Option<Turn>,
    runs: bool,
}

impl Other {
    /// Changes it for the thread's. That one stays where it is about to be put a message that is being written.
    fn swap(&mut self) {
        let swapped = TURN.try_with(|turn| {
            turn.try_borrow_mut().map(|mut turn| std::mem::swap(&mut *turn, &mut self.turn)).is_ok()
        });
        self.runs ^= swapped.unwrap_or(false);
    }
}

/// Whatever happens in a turn, the thread is given back.
impl Drop for Other {
    fn drop(&mut self) {
        if self.runs {
            self.swap();
        }
    }
}

impl Turn {
    pub(super) fn new(key: Key, messages: Messages, pace: Pace) -> Self {
        Self { key, messages, pace, writer: None }
    }

    /// Polls the handler. Returns what the turn has come to.
    pub(super) fn run<R>(self, poll: impl FnOnce() -> R) -> (R, Option<Self>) {
        let mut other = Other { turn: Some(self), runs: false };
        other.swap();
        let result = poll();
        if other.runs {
            other.swap();
        }
        (result, other.turn.take())
    }

    /// Does something with the turn of this thread, if there is one and `mine` says that it is the right one.
    pub(super) fn with<R>(mine: impl FnOnce(Key) -> bool, act: impl FnOnce(&mut Self) -> R) -> Option<R> {
        let act = |turn: &RefCell<Option<Self>>| {
            // One that is borrowed is being put a message, which sends another one while it is written.
            let mut turn = turn.try_borrow_mut().ok()?;
            turn.as_mut().filter(|turn| mine(turn.key)).map(act)
        };
        TURN.try_with(act).ok().flatten()
    }
}
