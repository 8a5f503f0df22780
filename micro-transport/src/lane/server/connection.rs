//! The task of a lane: reads, answers, writes, and watches the time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use micro_core::{Deadline, Peer};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep, sleep_until};

use super::First;
use super::batch::Batch;
use super::calls::Calls;
use super::line::Line;
use crate::http::{Serving, Socket};
use crate::lane::buffer::ReadBuffer;
use crate::lane::frame::{self, GoAway, Violation};
use crate::lane::limits::Limits;
use crate::lane::outbox::Outbox;
use crate::lane::pulse::{Beat, Pulse};
use crate::lane::traffic::Traffic;
use crate::transport::stopped;

/// How much may wait to be written until nothing more is read: who takes no answers gets no further calls in.
pub(in crate::lane) const CLOGGED: usize = 1024 * 1024;
/// The same for long messages, which go out in parts beside all else.
pub(in crate::lane) const CLOGGED_PARTS: usize = 16 * 1024 * 1024;
/// From how many frames on that came together the first half is answered before the rest is looked at: its callers go on
/// meanwhile, where else each side would sleep while the other one works.
const MANY: usize = 48;
/// How long a lane has nothing to do until it gives back its memory.
pub(in crate::lane) const REST: Duration = Duration::from_millis(500);
/// How often the end is looked for while there is always something else to do: each time that so much was done.
const TURNS: u32 = 16;
/// How long an idle peer has to agree to the end, and how long answers may take to be handed over.
const AGREE: Duration = Duration::from_millis(250);
const HAND_OVER: Duration = Duration::from_secs(5);

/// One connection.
pub(super) struct Connection<S> {
    serving: Arc<Serving>,
    socket: S,
    buffer: ReadBuffer,
    /// Frames that have come and wait for room for their answers, and when they came.
    held: Option<(Bytes, Deadline)>,
    calls: Calls,
    line: Arc<Line>,
    /// The call that came before the lane began, until it runs.
    first: Option<First>,
    /// What is being written.
    batch: Outbox,
    pulse: Pulse,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer wakes this task.
    set: bool,
    /// When anything last came or was written.
    active: Instant,
    /// Whether bytes were written and may be kept by the socket.
    unflushed: bool,
    /// Since when nothing of what there is could be written.
    blocked: Option<Instant>,
    /// Since when the rest of a frame is to come.
    begun: Option<Instant>,
    end: End,
    polite: bool,
    waited: bool,
    /// Whether parts of long messages were left when something was taken to be written.
    more: bool,
    /// Whether memory was given back since it was last used.
    rested: bool,
    /// How often it was polled since the end was looked for.
    turns: u32,
}

/// How far the end of a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// It is not in sight.
    None,
    /// The peer was told that no new calls are wanted.
    Told(Instant),
    /// What ran was cancelled.
    Cancelled(Instant),
}

impl<S: Socket> Connection<S> {
    pub(super) fn new(
        serving: Arc<Serving>,
        socket: S,
        buffer: ReadBuffer,
        peer: Peer,
        limits: (Limits, Limits),
        first: Option<First>,
    ) -> Self {
        let (own, theirs) = limits;
        let options = &serving.options;
        let pulse = Pulse::new(options.keep_alive, options.keep_alive_timeout);
        let line = Arc::new(Line::new(Traffic::new(&own, theirs)));
        let now = Instant::now();
        Self {
            calls: Calls::new(serving.clone(), line.clone(), Arc::new(peer), own),
            line,
            first,
            serving,
            socket,
            buffer,
            held: None,
            batch: Outbox::default(),
            pulse,
            timer: Box::pin(sleep_until(now + REST)),
            set: false,
            active: now,
            unflushed: false,
            blocked: None,
            begun: None,
            end: End::None,
            polite: Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread,
            waited: false,
            more: false,
            rested: false,
            turns: 0,
        }
    }

    /// Serves it to its end; the socket is left to who wants to linger.
    pub(super) async fn run(mut self) -> S {
        let mut stop = std::pin::pin!(self.serving.stopped());
        let cancel = self.serving.options.cancel.clone();
        let mut cancel = std::pin::pin!(cancel.fired());
        let why = poll_fn(|cx| {
            if let Some(first) = self.first.take() {
                self.calls.first(first, cx);
            }
            let before = self.active;
            if let Poll::Ready(why) = self.poll(cx) {
                return Poll::Ready(why);
            }
            // Once it was looked for, who asks for the end wakes this task: it need not be looked for each time that
            // something has come.
            let looked_for = self.turns > 0;
            self.turns = self.turns % TURNS + 1;
            if looked_for && self.active != before && self.turns < TURNS {
                return Poll::Pending;
            }
            let mut ends = self.end == End::None && stop.as_mut().poll(cx).is_ready();
            if ends {
                self.say_goodbye();
            }
            if let End::Told(_) = self.end
                && cancel.as_mut().poll(cx).is_ready()
            {
                self.end = End::Cancelled(Instant::now());
                self.calls.end_all(stopped);
                ends = true;
            }
            if ends { self.poll(cx) } else { Poll::Pending }
        })
        .await;
        tracing::debug!(peer = %self.calls.peer().address, why, "a lane ended");
        self.socket
    }

    /// Ready when it is over, with the reason.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let (mut spawned, mut written) = (false, false);
        let clogged = loop {
            if self.is_clogged() {
                break true;
            }
            let came = self.held.is_some() || self.buffer.has_begun() && self.begun.is_none();
            if !came {
                match self.buffer.poll_read(cx, &mut self.socket) {
                    Poll::Ready(Ok(0)) => return Poll::Ready("the peer closed it"),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready("its socket failed"),
                    Poll::Pending => break false,
                }
            }
            match self.receive(cx) {
                Ok(made) => spawned |= made,
                Err(violation) => return self.refuse(&violation, cx),
            }
            // What was asked is answered before more is read.
            if let Poll::Ready(why) = self.poll_write(cx) {
                return Poll::Ready(why);
            }
            written = true;
            if spawned {
                // Behind the calls that were spawned: Tokio keeps the last of them for this thread, and would poll this
                // connection before it, or no connection at all while it computes.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        };
        if clogged {
            // What is not read here is not late.
            self.begun = self.begun.map(|_| Instant::now());
        }
        if !written && let Poll::Ready(why) = self.poll_write(cx) {
            return Poll::Ready(why);
        }
        if clogged && !self.is_clogged() {
            // There is room again, and nothing else would say that more is to be read.
            cx.waker().wake_by_ref();
        }
        self.poll_timer(cx)
    }

    /// Answers, or begins to answer, all that has come. Says whether calls were given tasks.
    fn receive(&mut self, cx: &mut Context<'_>) -> Result<bool, Violation> {
        let now = Instant::now();
        self.active = now;
        self.rested = false;
        self.pulse.hear(now);
        let longest = self.calls.longest();
        let moment = Deadline::after_instant(now.into_std(), Duration::ZERO);
        let (bytes, came) = self.held.take().unwrap_or_else(|| (self.buffer.frames(longest, MANY), moment));
        // What is left over began with these bytes, unless nothing was whole.
        let since = if bytes.is_empty() { self.begun.unwrap_or(now) } else { now };
        let mut batch = Batch::held(bytes, came, moment);
        let left = self.calls.receive(&mut batch, cx)?;
        self.held = (!left.is_empty()).then_some((left, came));
        let partial = self.buffer.has_begun() && !self.buffer.has_frames(longest);
        self.begun = partial.then_some(since);
        Ok(batch.spawned)
    }

    /// Whether the peer takes too little of its answers to be asked for more calls.
    fn is_clogged(&self) -> bool {
        self.calls.is_clogged(self.batch.pending())
    }

    /// Writes what there is to write. Ready when the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        let mut taken = false;
        loop {
            if self.batch.is_empty() {
                // Whatever comes to be written after something was taken wakes this task.
                if taken && !self.more || !self.take(cx) {
                    return self.poll_flush(cx);
                }
                taken = true;
            }
            match self.batch.poll_write(cx, &mut self.socket) {
                Poll::Ready(Ok(0)) => return Poll::Ready("the peer takes nothing any more"),
                Poll::Ready(Ok(_)) => {
                    self.blocked = None;
                    self.unflushed = true;
                }
                Poll::Ready(Err(_)) => return Poll::Ready("its socket failed"),
                Poll::Pending => return self.block(),
            }
        }
    }

    /// Has the socket send what it keeps: one with TLS, say.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => return Poll::Ready("its socket failed"),
                Poll::Pending => return self.block(),
            }
        }
        self.blocked = None;
        Poll::Pending
    }

    /// The peer takes nothing now.
    fn block(&mut self) -> Poll<&'static str> {
        let now = *self.blocked.get_or_insert_with(Instant::now);
        self.sooner(now + self.serving.options.message_timeout);
        Poll::Pending
    }

    /// Takes what is to be written next. Says whether there is anything.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        let answered = self.calls.take_answers(&mut self.batch);
        let mut state = self.line.lock();
        state.bell.hear(cx);
        let more = !state.traffic.is_empty();
        if !answered && more && self.polite && !self.waited {
            // Calls that are about to be answered as well go out with those that are.
            self.waited = true;
            state.bell.put_off(cx);
            return false;
        }
        self.waited = false;
        if more {
            state.traffic.fill();
            self.batch.take(&mut state.traffic.outbox);
            state.traffic.go_on();
        }
        self.more = !state.traffic.is_empty();
        self.calls.settle(&mut state);
        drop(state);
        self.calls.let_go();
        !self.batch.is_empty()
    }

    /// Has the timer look at the clock at this moment, if it would later.
    fn sooner(&mut self, at: Instant) {
        if at < self.timer.deadline() {
            self.timer.as_mut().reset(at);
            self.set = false;
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        if let Some(due) = self.calls.due() {
            self.sooner(due);
        }
        let within = self.serving.options.message_timeout;
        if let Some(begun) = self.begun {
            self.sooner(begun + within);
        }
        if self.calls.running() > 0 {
            self.sooner(self.pulse.due());
            if !self.calls.partials.is_empty() {
                self.sooner(self.active + within);
            }
        }
        loop {
            if let Some(why) = self.is_over() {
                return Poll::Ready(why);
            }
            // One that is set wakes this task.
            if self.set && !self.timer.is_elapsed() {
                return Poll::Pending;
            }
            self.set = self.timer.as_mut().poll(cx).is_pending();
            if self.set {
                return Poll::Pending;
            }
            let now = Instant::now();
            match self.look(now) {
                // Not at once again, whatever is due: what stays due is seen to by what comes.
                Ok(next) => self.timer.as_mut().reset(next.max(now + Duration::from_millis(1))),
                Err(why) => return Poll::Ready(why),
            }
            if let Poll::Ready(why) = self.poll_write(cx) {
                return Poll::Ready(why);
            }
        }
    }

    /// Why it is over, when its end was told of and all is done.
    fn is_over(&self) -> Option<&'static str> {
        let told = match self.end {
            End::None => return None,
            End::Told(told) | End::Cancelled(told) => told,
        };
        if self.calls.running() > 0
            || self.held.is_some()
            || self.buffer.has_frames(self.calls.longest())
            || !self.batch.is_empty()
            || self.unflushed
            || self.calls.pending() != (0, 0)
        {
            return None;
        }
        let agreed = self.calls.has_peer_left() || told.elapsed() >= AGREE;
        agreed.then_some("all is answered, and no new calls are wanted")
    }

    /// Does what is due, and says when to look again.
    fn look(&mut self, now: Instant) -> Result<Instant, &'static str> {
        let options = &self.serving.options;
        let mut next = now + REST.max(Duration::from_secs(1));
        let mut due = |at: Instant| next = next.min(at);
        if let Some(blocked) = self.blocked {
            let told = if matches!(self.end, End::Cancelled(_)) { HAND_OVER } else { Duration::MAX };
            let end = blocked + options.message_timeout.min(told);
            if now >= end {
                return Err("the peer takes nothing of its answers");
            }
            due(end);
        }
        if let Some(begun) = self.begun {
            let end = begun + options.message_timeout;
            if now >= end {
                return Err("a frame was too long on its way");
            }
            due(end);
        }
        if let Some(at) = self.calls.expire(now) {
            due(at);
        }
        let running = self.calls.running() > 0;
        if running {
            match self.pulse.beat(now) {
                Beat::Dead => return Err("the peer is silent"),
                Beat::Ask => frame::put_ping(self.calls.answers(), [0; 8]),
                Beat::Wait(at) => due(at),
            }
        }
        match self.end {
            End::Told(told) | End::Cancelled(told) if !running && now < told + AGREE => due(told + AGREE),
            End::None if !running && self.begun.is_none() => {
                let end = self.active + options.idle_timeout;
                if now >= end {
                    self.say_goodbye();
                    due(now + AGREE);
                } else {
                    next = end;
                }
                self.rest(now, &mut next);
            }
            _ => {}
        }
        Ok(next)
    }

    /// Gives back memory that was not used for a while.
    fn rest(&mut self, now: Instant, next: &mut Instant) {
        if self.rested {
            return;
        }
        if now < self.active + REST {
            *next = (*next).min(self.active + REST);
            return;
        }
        self.rested = true;
        self.buffer.rest();
        self.batch.rest();
        self.calls.rest();
    }

    /// Tells the peer that no new calls are wanted.
    fn say_goodbye(&mut self) {
        self.end = End::Told(Instant::now());
        frame::put_goaway(self.calls.answers(), &GoAway::done());
        self.sooner(Instant::now() + AGREE);
    }

    /// Tells the peer what it did wrong, as far as that can be told at once.
    fn refuse(&mut self, violation: &Violation, cx: &mut Context<'_>) -> Poll<&'static str> {
        frame::put_goaway(self.calls.answers(), &GoAway::violated(violation));
        let _ = self.poll_write(cx);
        Poll::Ready("the peer does not keep to the protocol")
    }
}
