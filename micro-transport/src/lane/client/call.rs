//! A call begins, goes on, and ends: what those do to a lane who make calls on it.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use micro_core::{Body, BodyStream, Deadline, Error, Head, Messages, Response, Result};
use tokio::runtime::Handle;

use super::pen::{Lined, Turn};
use super::session::{Line, Shared};
use super::slots::{UNSENT, Upload};
use crate::http::told;
use crate::lane::frame::{self, CallHead, Carried, End, Named, Sent};
use crate::lane::inbox::{Giving, Key};
use crate::lane::outbox::Outbox;
use crate::lane::parts::Parted;
use crate::lane::pump::{Finish, Sending, pump};
use crate::lane::traffic::Flow;
use crate::standing::Phase;
use crate::sync::MutexGuard;

impl Shared {
    /// Sends a call, or what begins it.
    ///
    /// # Errors
    /// Of calls that cannot be sent, all of them not reached.
    pub(super) fn call(self: &Arc<Self>, head: &Head, body: Body) -> Result<Key> {
        let (message, stream) = match body {
            Body::Empty => (None, None),
            Body::One(message) => (Some(message), None),
            Body::Stream(stream) => (None, Some((stream, runtime()?))),
        };
        // 0 where there is no limit.
        let time = head.deadline.map_or(Ok(0), told)?;
        let mut line = self.line();
        if self.standing.phase() > Phase::Asked {
            return Err(self.not_sent());
        }
        let (max_message, max_calls) = (line.traffic.peer.max_message, line.traffic.peer.max_calls);
        if let Some(message) = &message
            && message.len() > max_message as usize
        {
            let (size, limit) = (message.len() as u64, u64::from(max_message));
            return Err(Error::message_too_large(Some(size), limit, "max_message").not_reached());
        }
        let Some(key) = line.slots.take(max_calls) else {
            // Whoever chose this session has seen that it has room.
            return Err(self.not_sent());
        };
        let sent = match line.begin(key, head, time, message, stream.is_some()) {
            Ok(sent) => sent,
            Err(error) => {
                line.slots.close(key.id);
                line.slots.leave(key.id);
                return Err(error);
            }
        };
        let Line { slots, traffic, due, .. } = &mut *line;
        if let Some(slot) = slots.of(key) {
            slot.sent = sent;
            slot.deadline = head.deadline;
            if stream.is_some() {
                slot.upload = Some(Box::new(Upload { flow: Flow::new(&traffic.peer), pump: None }));
            }
        }
        if let Some(deadline) = head.deadline
            && due.is_none_or(|due| deadline < due)
        {
            *due = Some(deadline);
            // Its timer is set for later, or not at all.
            line.turn.ring();
        }
        let alone = line.slots.busy() == 1;
        self.desk.send(&mut line, alone);
        drop(line);
        if let Some((stream, runtime)) = stream {
            self.upload(key, stream, &runtime);
        }
        Ok(key)
    }

    /// Begins to send a streamed request. Without the lock: a runtime that shuts down drops what it is given at once, and
    /// a stream may well be one that this lane answers with.
    fn upload(self: &Arc<Self>, key: Key, stream: BodyStream, runtime: &Handle) {
        let shared = self.clone();
        let task = runtime.spawn(async move { pump(stream, &*shared, key).await }).abort_handle();
        match self.line().slots.of(key).and_then(|slot| slot.upload.as_mut()) {
            Some(upload) => upload.pump = Some(task),
            // Its call is over.
            None => task.abort(),
        }
    }

    /// The lock of the line.
    pub(super) fn line(&self) -> MutexGuard<'_, Line> {
        self.desk.line()
    }
}

impl Line {
    /// The last frame of a call has come, or nothing comes any more: nothing more of it is sent either.
    pub(super) fn close(&mut self, id: u32) {
        self.forget(id);
        self.slots.close(id);
    }

    /// Sends nothing more of a call.
    pub(super) fn forget(&mut self, id: u32) {
        if !self.traffic.parts.is_empty() {
            self.traffic.forget(id);
        }
    }

    /// Puts the first frame of a call on its way. Says up to where the connection has to be written for the peer to have
    /// seen it.
    fn begin(
        &mut self,
        key: Key,
        head: &Head,
        time: u64,
        message: Option<Bytes>,
        stream: bool,
    ) -> Result<u64> {
        let Self { traffic, routes, blocks, formats, .. } = self;
        let (max_header, max_frame) = (traffic.peer.max_header, traffic.peer.max_frame);
        let out = traffic.outbox.frames();
        let route = match routes.number(&head.route, max_header, out) {
            0 => Named::of(&head.route),
            number => Named::Number(number),
        };
        let block = blocks.number(&head.metadata, max_header, out);
        let own = if block == 0 { Sent::all(&head.metadata) } else { Sent::own(&head.metadata) };
        let format = formats.number(head.format, out)?;
        let call = CallHead { stream, format, route, block, time, own };
        if !call.fits(max_header) {
            return Err(Error::resource_exhausted(format!(
                "the names and metadata of this call are longer than the {max_header} bytes that the peer takes: see \
                 `max_header`"
            ))
            .with_http(431)
            .not_reached());
        }
        let room = call.room(max_frame);
        match message {
            Some(message) if message.len() > room => {
                let mut opening = Vec::new();
                let first = Carried { len: room, total: message.len() };
                frame::put_call_head(&mut opening, key.id, &call, Some(first));
                let (id, waiter) = (key.id, None);
                traffic.parts.push(Parted { id, opening, first: room, message, waiter, is_call: true });
                return Ok(UNSENT);
            }
            Some(message) => {
                let whole = Carried::whole(message.len());
                frame::put_call_head(out, key.id, &call, Some(whole));
                traffic.outbox.message(&message);
            }
            None => frame::put_call_head(out, key.id, &call, None),
        }
        Ok(self.turn.taken() + self.traffic.outbox.pending() as u64)
    }

    /// Puts parts of long messages on their way, and notes which calls are on it whole.
    fn fill(&mut self) {
        let Self { slots, traffic, turn, .. } = self;
        traffic.fill();
        for (id, pending) in traffic.parts.take_out() {
            if let Some(slot) = slots.get(id) {
                slot.sent = turn.taken() + pending as u64;
            }
        }
    }
}

/// Calls are written.
impl Lined for Line {
    fn turn(&mut self) -> &mut Turn {
        &mut self.turn
    }

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.traffic.outbox
    }

    fn is_empty(&self) -> bool {
        self.traffic.is_empty()
    }

    fn take(&mut self, batch: &mut Outbox) {
        self.fill();
        batch.take(&mut self.traffic.outbox);
        self.traffic.go_on();
    }
}

/// The answer of a call is waited for.
impl micro_core::Slots for Shared {
    fn poll_slot(&self, key: u32, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let mut line = self.line();
        let busy = line.slots.busy();
        let polled = line.slots.poll(key, cx);
        self.freed(&line, busy);
        polled
    }

    fn cancel(&self, key: u32) {
        self.abandon(self.line(), key);
    }
}

/// A streamed answer is read.
impl Giving for Shared {
    fn give(&self, key: Key, bytes: i64, more: bool) {
        let mut line = self.line();
        let stream = (more && line.slots.of(key).is_some()).then_some(key.id);
        if line.traffic.give(stream, bytes) {
            line.turn.ring();
        }
    }

    fn leave(&self, key: Key) {
        let mut line = self.line();
        if line.slots.of(key).is_some() {
            self.abandon(line, key.id);
        }
    }
}

/// A streamed request is sent.
impl Sending for Shared {
    fn poll_send(&self, key: Key, messages: &mut Messages, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let mut line = self.line();
        let Line { slots, traffic, .. } = &mut *line;
        let Some(upload) = slots.of(key).and_then(|slot| slot.upload.as_mut()) else {
            return Poll::Ready(None);
        };
        let before = messages.len();
        let sent = traffic.poll_messages(&mut upload.flow, key.id, messages, cx);
        if messages.len() < before {
            line.turn.ring();
        }
        match std::task::ready!(sent) {
            Ok(()) => Poll::Ready(Some(())),
            Err(size) => {
                let limit = u64::from(line.traffic.peer.max_message);
                let error = Error::message_too_large(Some(size as u64), limit, "max_message").maybe_reached();
                self.fail_now(line, key.id, error);
                Poll::Ready(None)
            }
        }
    }

    fn poll_sent(&self, key: Key, cx: &mut Context<'_>) -> Poll<()> {
        self.line().traffic.poll_out(key.id, cx)
    }

    fn finish(&self, key: Key, how: Finish) {
        let mut line = self.line();
        let Some(slot) = line.slots.of(key) else { return };
        if let Some(upload) = &mut slot.upload {
            upload.pump = None;
        }
        let out = line.traffic.outbox.frames();
        match how {
            Finish::Done => frame::put_end(out, key.id, &End::<&[u8]>::Done),
            Finish::Trailers(trailers) => frame::put_end(out, key.id, &End::Trailers(&trailers)),
            // Then that is the error of the call, and nobody needs to hear the rest.
            Finish::Failed(error) => {
                self.fail_now(line, key.id, error);
                return;
            }
        }
        line.turn.ring();
    }
}

impl Shared {
    /// Nobody waits for a call any more: the peer is told, if it still works on it.
    fn abandon(&self, mut line: MutexGuard<'_, Line>, id: u32) {
        let busy = line.slots.busy();
        let left = line.slots.leave(id);
        if left.owed {
            self.cancel_at_peer(&mut line, id);
        }
        self.freed(&line, busy);
        drop(line);
        drop(left);
    }

    /// A call fails here, while the peer still works on it. Says whom to wake when the lock is gone.
    #[must_use]
    pub(super) fn fail(&self, line: &mut Line, id: u32, error: Error) -> Option<Waker> {
        let waker = line.slots.get(id)?.fail(error);
        self.cancel_at_peer(line, id);
        waker
    }

    fn fail_now(&self, mut line: MutexGuard<'_, Line>, id: u32, error: Error) {
        let busy = line.slots.busy();
        let waker = self.fail(&mut line, id, error);
        self.freed(&line, busy);
        drop(line);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn cancel_at_peer(&self, line: &mut Line, id: u32) {
        let Line { slots, traffic, .. } = line;
        if traffic.forget(id) {
            slots.close(id);
        } else {
            frame::put_cancel(traffic.outbox.frames(), id);
        }
        line.turn.ring();
    }

    /// Tells of the calls that ended since there were `busy` of them.
    pub(super) fn freed(&self, line: &Line, busy: usize) {
        let ended = busy.saturating_sub(line.slots.busy());
        if ended > 0 {
            self.standing.end(ended);
        }
    }

    /// The error of a call that was not sent.
    pub(super) fn not_sent(&self) -> Error {
        let cause = self.standing.cause().unwrap_or("the peer wants no new ones");
        Error::unavailable(format!("the connection to {} takes no calls any more: {cause}", self.address))
            .not_reached()
    }

    /// The error of a call that was lost with the connection; `sent` when the peer may have seen it.
    pub(super) fn lost(&self, cause: impl Display, sent: bool) -> Error {
        if sent {
            let detail =
                format!("the connection to {} broke before the whole answer came: {cause}", self.address);
            return Error::unavailable(detail);
        }
        Error::unavailable(format!("the connection to {} takes no calls any more: {cause}", self.address))
            .not_reached()
    }

    /// The error of a call whose time is up.
    pub(super) fn late(&self) -> Error {
        Deadline::error(&format!("waiting for the answer of {}", self.address))
    }
}

fn runtime() -> Result<Handle> {
    Handle::try_current().map_err(|_| {
        Error::failed_precondition("a streamed call has to be made inside of a Tokio runtime").not_reached()
    })
}
