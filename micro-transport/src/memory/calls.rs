use std::sync::Arc;
use std::task::Waker;

use micro_core::{BodyStream, Call, Dispatch, Request};

use crate::ConnectionState;

/// The calls of one listener that are not answered yet, each in a slot with a number.
pub(super) struct Calls {
    pub(super) state: ConnectionState,
    /// Whether those that have ended were cancelled by the service's stop.
    pub(super) cancelled: bool,
    /// What answers; nothing before it serves and after it is closed.
    pub(super) app: Option<Arc<dyn Dispatch>>,
    slots: Vec<Slot>,
    free: Vec<u32>,
}

/// One call.
pub(super) struct Slot {
    pub(super) work: Work,
    /// The largest message that its caller reads, in bytes.
    pub(super) max_answer: usize,
    /// The task that polls it, while there is nothing for that to do.
    pub(super) waker: Option<Waker>,
}

/// How far a call has come.
pub(super) enum Work {
    /// There is no call here.
    Free,
    /// It has not been given to the service yet.
    Waiting(Request),
    /// The service works on it.
    Running(Call),
    /// The service streams its answer.
    Answering(BodyStream),
    /// It is in the hands of the task that polls it.
    Polled,
    /// The listener has gone away; whether the service can have seen the call.
    Ended { reached: bool },
}

impl Calls {
    pub(super) fn new() -> Self {
        Self {
            state: ConnectionState::Ready,
            cancelled: false,
            app: None,
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Puts a request into a free slot; `None` when the numbers have run out.
    pub(super) fn insert(&mut self, request: Request, max_answer: usize) -> Option<u32> {
        let slot = Slot { work: Work::Waiting(request), max_answer, waker: None };
        if let Some(key) = self.free.pop() {
            self.slots[key as usize] = slot;
            return Some(key);
        }
        let key = u32::try_from(self.slots.len()).ok()?;
        self.slots.push(slot);
        Some(key)
    }

    /// The slot of a call that has not ended.
    pub(super) fn slot(&mut self, key: u32) -> &mut Slot {
        &mut self.slots[key as usize]
    }

    /// Frees a slot. What is left in it is returned, to be dropped when nothing is locked any more.
    pub(super) fn remove(&mut self, key: u32) -> (Work, Option<Waker>) {
        let slot = self.slot(key);
        let left = (std::mem::replace(&mut slot.work, Work::Free), slot.waker.take());
        self.free.push(key);
        left
    }

    /// Marks all calls as ended, and returns what is to be dropped and woken when nothing is locked any more.
    pub(super) fn end(&mut self) -> Vec<(Work, Option<Waker>)> {
        let calls = self.slots.iter_mut().filter(|slot| !matches!(slot.work, Work::Free));
        calls
            .map(|slot| {
                let reached = !matches!(slot.work, Work::Waiting(_) | Work::Ended { reached: false });
                (std::mem::replace(&mut slot.work, Work::Ended { reached }), slot.waker.take())
            })
            .collect()
    }

    /// The tasks that wait for something.
    pub(super) fn wakers(&mut self) -> Vec<Waker> {
        self.slots.iter_mut().filter_map(|slot| slot.waker.take()).collect()
    }
}
