//! The calls of a lane that wait for an answer: a slab of slots that are used again.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use micro_core::{Deadline, Error, Response, Result};
use tokio::task::AbortHandle;

use crate::lane::inbox::{Ended, Inbox, Key};
use crate::lane::traffic::Flow;

/// The slots; the call with number `id` is in slot `id - 1`.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    busy: usize,
}

/// Where the end of a call is that has not gone out whole: nobody can have seen it.
pub(super) const UNSENT: u64 = u64::MAX;

/// The place of one call.
#[derive(Debug)]
pub(super) struct Slot {
    caller: Caller,
    /// Whether the peer still owes the last frame. Until it has come the number belongs to the call, whoever waits.
    owed: bool,
    /// Which use of the number this is.
    use_: u32,
    pub(super) deadline: Option<Deadline>,
    /// Up to where the connection has to be written for the peer to have seen the call; [`UNSENT`] while some of it is not
    /// on its way.
    pub(super) sent: u64,
    /// Where a streamed answer goes.
    pub(super) answers: Option<Arc<Inbox>>,
    /// An answer whose message comes in parts.
    pub(super) begun: Option<Response>,
    /// What sends a streamed request.
    pub(super) upload: Option<Box<Upload>>,
}

/// A streamed request.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) flow: Flow,
    pub(super) pump: Option<AbortHandle>,
}

/// What is left of a call that nobody waits for. It is dropped outside of the lock, as an answer that is a stream tells
/// the lane that nobody reads it.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Whether the peer still works on it.
    pub(super) owed: bool,
    _unread: Option<Caller>,
}

/// What the caller of a slot does.
#[derive(Debug)]
enum Caller {
    /// It has its answer, or does not want it any more.
    Gone,
    Waiting(Option<Waker>),
    Answered(Result<Response>),
}

impl Slots {
    /// How many numbers are taken.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// Takes a number for a call, of those up to `most`.
    pub(super) fn take(&mut self, most: u32) -> Option<Key> {
        let id = match self.free.pop() {
            Some(id) => id,
            None => {
                let id = u32::try_from(self.slots.len()).ok()?.checked_add(1).filter(|id| *id <= most)?;
                self.slots.push(Slot::new());
                id
            }
        };
        self.busy += 1;
        let slot = &mut self.slots[id as usize - 1];
        slot.caller = Caller::Waiting(None);
        slot.owed = true;
        Some(Key { id, use_: slot.use_ })
    }

    /// The slot of a number that is taken.
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Slot> {
        let slot = self.slots.get_mut((id as usize).checked_sub(1)?)?;
        slot.is_taken().then_some(slot)
    }

    /// The slot of one use of a number, while that lasts.
    pub(super) fn of(&mut self, key: Key) -> Option<&mut Slot> {
        self.get(key.id).filter(|slot| slot.use_ == key.use_)
    }

    /// What a call that is polled comes to.
    pub(super) fn poll(&mut self, id: u32, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let Some(slot) = self.slots.get_mut(id as usize - 1) else { return Poll::Pending };
        match &mut slot.caller {
            Caller::Waiting(Some(waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            Caller::Waiting(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            // Polled after its end, which no future promises anything about.
            Caller::Gone => Poll::Pending,
            Caller::Answered(_) => match std::mem::replace(&mut slot.caller, Caller::Gone) {
                Caller::Answered(result) => {
                    self.settle(id);
                    Poll::Ready(result)
                }
                _ => Poll::Pending,
            },
        }
    }

    /// The caller is told how its call went. Says whom to wake.
    pub(super) fn answer(&mut self, id: u32, result: Result<Response>) -> Option<Waker> {
        let slot = self.get(id)?;
        match &mut slot.caller {
            Caller::Waiting(waker) => {
                let waker = waker.take();
                slot.caller = Caller::Answered(result);
                waker
            }
            Caller::Gone | Caller::Answered(_) => None,
        }
    }

    /// The last frame of a call that runs has come, with its answer. Says whom to wake.
    pub(super) fn finish(&mut self, id: u32, response: Response) -> Option<Waker> {
        let slot = self.slots.get_mut((id as usize).checked_sub(1)?)?;
        slot.owed = false;
        slot.stop_upload();
        let Caller::Waiting(waker) = &mut slot.caller else {
            self.settle(id);
            return None;
        };
        let waker = waker.take();
        slot.caller = Caller::Answered(Ok(response));
        waker
    }

    /// The last frame of a call has come, or nothing comes any more.
    pub(super) fn close(&mut self, id: u32) {
        if let Some(slot) = self.get(id) {
            slot.owed = false;
            slot.stop_upload();
            slot.answers = None;
            self.settle(id);
        }
    }

    /// Nobody waits for this call any more.
    pub(super) fn leave(&mut self, id: u32) -> Left {
        let Some(slot) = self.get(id) else { return Left::default() };
        let unread = std::mem::replace(&mut slot.caller, Caller::Gone);
        slot.deadline = None;
        slot.stop_upload();
        let owed = slot.owed;
        self.settle(id);
        Left { owed, _unread: Some(unread) }
    }

    /// The numbers of all calls that the peer owes something.
    pub(super) fn owed(&self) -> impl Iterator<Item = (u32, &Slot)> {
        let slots = (1_u32..).zip(&self.slots);
        slots.filter(|(_, slot)| slot.owed)
    }

    /// Frees a number when nobody needs it any more.
    fn settle(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize - 1];
        if slot.is_taken() {
            return;
        }
        slot.use_ = slot.use_.wrapping_add(1);
        slot.deadline = None;
        slot.answers = None;
        slot.begun = None;
        self.busy -= 1;
        self.free.push(id);
    }
}

impl Slot {
    fn new() -> Self {
        Self {
            caller: Caller::Gone,
            owed: false,
            use_: 0,
            deadline: None,
            sent: 0,
            answers: None,
            begun: None,
            upload: None,
        }
    }

    fn is_taken(&self) -> bool {
        self.owed || !matches!(self.caller, Caller::Gone)
    }

    /// The use of its number, which is `id`.
    pub(super) fn key(&self, id: u32) -> Key {
        Key { id, use_: self.use_ }
    }

    /// Whether the peer still owes something.
    pub(super) fn is_owed(&self) -> bool {
        self.owed
    }

    /// Whether somebody waits for the answer.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self.caller, Caller::Waiting(_))
    }

    pub(super) fn stop_upload(&mut self) {
        if let Some(upload) = self.upload.take()
            && let Some(pump) = upload.pump
        {
            pump.abort();
        }
    }

    /// Fails what the caller waits for, or reads. Says whom to wake.
    pub(super) fn fail(&mut self, error: Error) -> Option<Waker> {
        self.stop_upload();
        self.deadline = None;
        if let Some(answers) = &self.answers {
            answers.end(Ended::Failed(error));
            return None;
        }
        let Caller::Waiting(waker) = &mut self.caller else { return None };
        let waker = waker.take();
        self.caller = Caller::Answered(Err(error));
        waker
    }
}
