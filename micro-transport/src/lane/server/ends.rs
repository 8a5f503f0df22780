//! The calls of a connection end: by themselves, by their callers, by the clock, and all of them.

use micro_core::{Deadline, Error};
use tokio::time::Instant;

use super::calls::Calls;
use super::line::State;
use super::taken::{Life, Running, Taken};
use crate::waiting::Waiting;

impl Calls {
    /// The caller does not want the answer any more.
    pub(super) fn cancel(&mut self, id: u32) {
        self.settle_all();
        let error = || Error::cancelled("the caller gave the call up");
        let Some(taken) = self.places.get_mut((id as usize).wrapping_sub(1)) else { return };
        match std::mem::take(taken) {
            Taken::Free => {}
            Taken::Coming(_) => {
                self.running -= 1;
                self.partials.remove(id);
                self.answer(id, Err(error().not_reached()));
            }
            Taken::Running(running) => {
                self.line.end(running.key, &error());
                *taken = Taken::Running(running);
                self.settle_all();
            }
        }
    }

    /// Ends all calls: the service stops.
    pub(super) fn end_all(&mut self, error: fn() -> Error) {
        for index in 0..self.places.len() {
            self.end(index, error());
        }
        self.settle_all();
    }

    /// Ends a call from here, and tells its caller why.
    fn end(&mut self, index: usize, error: Error) {
        match &self.places[index] {
            Taken::Free => {}
            Taken::Coming(_) => {
                let id = index as u32 + 1;
                self.partials.remove(id);
                self.places[index] = Taken::Free;
                self.running -= 1;
                self.answer(id, Err(error.not_reached()));
            }
            Taken::Running(running) => {
                self.line.end(running.key, &error);
            }
        }
    }

    /// Frees the numbers of calls that their tasks have answered. It is done before anything is written, so that a peer
    /// cannot use a number again before that.
    pub(super) fn settle(&mut self, state: &mut State) {
        if !state.answered.is_empty() {
            self.settle_answered(state);
        }
        let traffic = &state.traffic;
        self.waiting = (traffic.outbox.pending(), traffic.parts.pending());
    }

    fn settle_answered(&mut self, state: &mut State) {
        let State { answered, traffic, .. } = state;
        for id in answered.drain(..) {
            if let Taken::Running(running) = std::mem::take(&mut self.places[id as usize - 1]) {
                // One that was answered from here still runs, and so does one whose answer is all there is of it.
                running.task.abort();
                self.over.push(running);
                self.running -= 1;
                // What has come of a message that nobody reads any more.
                if let Some(length) = self.partials.remove(id) {
                    traffic.pass_over(length);
                }
            }
        }
    }

    /// Tells those who read the requests of calls that are over. Without the lock: what they do then may need it.
    pub(super) fn let_go(&mut self) {
        while let Some(running) = self.over.pop() {
            running.life.over();
        }
    }

    /// Both, when there can be any.
    pub(super) fn settle_all(&mut self) {
        if self.running > 0 {
            let line = self.line.clone();
            self.settle(&mut line.lock());
            self.let_go();
        }
    }

    /// Ends the calls whose time is up, and says when the next one's is.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Instant> {
        let mut late = std::mem::take(&mut self.late);
        let within = self.serving.options.message_timeout;
        let mut next = self.partials.late(now, within, &mut late);
        for id in late.drain(..) {
            let error = Error::deadline_exceeded(format!(
                "a message was not there within {within:?}: see `message_timeout`"
            ));
            self.end(id as usize - 1, error);
        }
        if self.due.is_some_and(Deadline::is_past) {
            let mut due = None;
            for index in 0..self.places.len() {
                let (deadline, route) = match &self.places[index] {
                    Taken::Running(Running {
                        life: Life { deadline: Some(deadline), route, .. }, ..
                    }) => (*deadline, route.clone()),
                    _ => continue,
                };
                if deadline.is_past() {
                    let waiting = Waiting { what: "handler", route };
                    self.end(index, Deadline::error(&waiting.to_string()));
                } else {
                    due = [due, Some(deadline)].into_iter().flatten().min();
                }
            }
            self.due = due;
        }
        self.late = late;
        self.settle_all();
        next = [next, self.due()].into_iter().flatten().min();
        next
    }

    /// Gives back the memory of calls, when there are none.
    pub(super) fn rest(&mut self) {
        self.line.lock().rest();
        self.answers.rest();
        if self.running == 0 {
            self.places = Vec::new();
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        self.line.lock().close();
        for taken in &self.places {
            if let Taken::Running(running) = taken {
                running.task.abort();
                running.life.over();
            }
        }
    }
}
