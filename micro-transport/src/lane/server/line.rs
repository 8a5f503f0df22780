//! What the tasks of a connection's calls share with the task of the connection.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use micro_core::{Error, Messages, Response, Result};

use super::connection::{CLOGGED, CLOGGED_PARTS};
use super::reply::{self, Rest};
use crate::http::Permit;
use crate::lane::bell::Bell;
use crate::lane::frame::{self, End};
use crate::lane::inbox::{Giving, Key};
use crate::lane::pump::{Finish, Sending};
use crate::lane::traffic::{Flow, Traffic};

/// The shared end of a lane.
#[derive(Debug)]
pub(super) struct Line(Mutex<State>);

#[derive(Debug)]
pub(super) struct State {
    pub(super) traffic: Traffic,
    /// The calls that have a task, by their number less one.
    tasks: Vec<Answering>,
    /// Which use of a number the next one is.
    next: u32,
    /// The numbers of calls that were answered since somebody looked.
    pub(super) answered: Vec<u32>,
    /// What wakes the task of the connection.
    pub(super) bell: Bell,
}

/// A call that has a task.
#[derive(Debug, Default)]
struct Answering {
    use_: u32,
    /// There while the call runs, and given back when it is over. Its task may live a little longer: who takes back calls
    /// faster than tasks end does not fill the places of others with them.
    permit: Option<Permit>,
    /// The credit of a streamed answer.
    flow: Option<Box<Flow>>,
}

impl Line {
    pub(super) fn new(traffic: Traffic) -> Self {
        let bell = Bell::default();
        let state = State { traffic, tasks: Vec::new(), next: 0, answered: Vec::new(), bell };
        Self(Mutex::new(state))
    }

    /// Nothing that runs under the lock can panic, so a poisoned one is as good as any.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ready when the answers that wait leave room for another one. Calls that have begun are answered in any case.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let traffic = &mut self.lock().traffic;
        if traffic.outbox.pending() < CLOGGED && traffic.parts.pending() < CLOGGED_PARTS {
            return Poll::Ready(());
        }
        traffic.wait(cx);
        Poll::Pending
    }

    /// Answers a call; the first frame of a streamed answer. Says whether its stream is to be sent.
    pub(super) fn answer(&self, key: Key, result: &Result<Response>) -> bool {
        let mut state = self.lock();
        let State { traffic, tasks, .. } = &mut *state;
        let peer = traffic.peer;
        let Some(answering) = running(tasks, key) else { return false };
        let rest = reply::put(&mut traffic.outbox, &peer, key.id, result);
        let stream = matches!(rest, Rest::Stream);
        if stream {
            answering.flow = Some(Box::new(Flow::new(&peer)));
        } else {
            if let Rest::Parts(parted) = rest {
                traffic.parts.push(parted);
            }
            state.over(key.id);
        }
        state.bell.ring();
        stream
    }

    /// Ends a call from outside of its task, if it runs: its caller is told.
    pub(super) fn end(&self, key: Key, error: &Error) -> bool {
        let mut state = self.lock();
        let State { traffic, tasks, .. } = &mut *state;
        if running(tasks, key).is_none() {
            return false;
        }
        traffic.forget(key.id);
        let peer = traffic.peer;
        reply::put_error(&mut traffic.outbox, &peer, key.id, error);
        state.over(key.id);
        state.bell.ring();
        true
    }
}

impl State {
    /// A call gets a task.
    pub(super) fn begin(&mut self, id: u32, permit: Permit) -> Key {
        let index = id as usize - 1;
        if self.tasks.len() <= index {
            self.tasks.resize_with(index + 1, Answering::default);
        }
        let answering = &mut self.tasks[index];
        answering.permit = Some(permit);
        answering.use_ = self.next;
        self.next = self.next.wrapping_add(1);
        Key { id, use_: answering.use_ }
    }

    /// The peer takes more of a streamed answer, or, with id 0, of all. Says whether that is a sum that can be; `None`
    /// where no stream is.
    pub(super) fn add(&mut self, id: u32, bytes: u32) -> Option<bool> {
        if id == 0 {
            return Some(self.traffic.add(bytes));
        }
        let answering = self.tasks.get_mut(id as usize - 1)?;
        Some(answering.flow.as_mut()?.add(bytes))
    }

    fn over(&mut self, id: u32) {
        if let Some(answering) = self.tasks.get_mut(id as usize - 1) {
            *answering = Answering::default();
            self.answered.push(id);
        }
    }

    /// Gives back the memory of calls, when none has a task.
    pub(super) fn rest(&mut self) {
        self.traffic.rest();
        self.answered.shrink_to(0);
        if self.tasks.iter().all(|answering| answering.permit.is_none()) {
            self.tasks = Vec::new();
        }
    }

    /// The connection is gone, and no call runs on it any more.
    pub(super) fn close(&mut self) {
        self.tasks = Vec::new();
    }
}

fn running(tasks: &mut [Answering], key: Key) -> Option<&mut Answering> {
    let answering = tasks.get_mut(key.id as usize - 1)?;
    (answering.permit.is_some() && answering.use_ == key.use_).then_some(answering)
}

/// A streamed answer is sent.
impl Sending for Line {
    fn poll_send(&self, key: Key, messages: &mut Messages, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let mut state = self.lock();
        let State { traffic, tasks, .. } = &mut *state;
        let Some(answering) = running(tasks, key) else { return Poll::Ready(None) };
        let Some(flow) = &mut answering.flow else { return Poll::Ready(None) };
        let before = messages.len();
        let sent = traffic.poll_messages(flow, key.id, messages, cx);
        if messages.len() < before {
            state.bell.ring();
        }
        match std::task::ready!(sent) {
            Ok(()) => Poll::Ready(Some(())),
            Err(size) => {
                let error = reply::too_long(size, &state.traffic.peer);
                drop(state);
                self.end(key, &error);
                Poll::Ready(None)
            }
        }
    }

    fn poll_sent(&self, key: Key, cx: &mut Context<'_>) -> Poll<()> {
        self.lock().traffic.poll_out(key.id, cx)
    }

    fn finish(&self, key: Key, how: Finish) {
        let mut state = self.lock();
        let State { traffic, tasks, .. } = &mut *state;
        if running(tasks, key).is_none() {
            return;
        }
        let peer = traffic.peer;
        match &how {
            Finish::Done => frame::put_end(traffic.outbox.frames(), key.id, &End::<&[u8]>::Done),
            Finish::Trailers(trailers) => {
                frame::put_end(traffic.outbox.frames(), key.id, &End::Trailers(trailers));
            }
            Finish::Failed(error) => reply::put_error(&mut traffic.outbox, &peer, key.id, error),
        }
        state.over(key.id);
        state.bell.ring();
    }
}

/// A streamed request is read.
impl Giving for Line {
    fn give(&self, key: Key, bytes: i64, more: bool) {
        let mut state = self.lock();
        if state.traffic.give(more.then_some(key.id), bytes) {
            state.bell.ring();
        }
    }

    /// What still comes is passed over; the call goes on.
    fn leave(&self, _: Key) {}
}
