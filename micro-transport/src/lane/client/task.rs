//! The task of a lane: reads, writes, and watches the time.

use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use super::session::{Line, Shared};
use crate::lane::buffer::ReadBuffer;
use crate::lane::frame::{self, GoAway, Violation};
use crate::lane::outbox::{Outbox, PIECES};
use crate::lane::partial::Partials;
use crate::lane::pulse::{Beat, Pulse};
use crate::lane::room::Room;
use crate::standing::Phase;

/// How often a task reads before it writes, so that neither waits for the other for long.
const READS: usize = 8;
/// How long a lane has nothing to do until it gives back its memory.
pub(super) const REST: std::time::Duration = std::time::Duration::from_secs(1);

/// What moves the bytes of a lane, until it is over.
pub(super) struct Task {
    pub(super) shared: Arc<Shared>,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    pub(super) buffer: ReadBuffer,
    pub(super) partials: Partials,
    pub(super) room: Room,
    /// What is being written.
    batch: Outbox,
    pub(super) pulse: Pulse,
    timer: Pin<Box<Sleep>>,
    /// When its memory is given back.
    pub(super) rest: Option<Instant>,
    dropped: oneshot::Receiver<()>,
    held: bool,
    /// Whether it told the peer that it goes.
    going: bool,
    /// Where several threads run tasks, one that is woken runs before those that are about to make calls. It lets them
    /// run once, so that all of their calls go out together.
    polite: bool,
    waited: bool,
    pub(super) wakers: Vec<Waker>,
    pub(super) expired: Vec<u32>,
    /// How many frames in a row were of no call.
    pub(super) idle: usize,
    /// How many answers to PINGs wait to be written.
    pub(super) pongs: usize,
    /// Whether bytes were written and may be kept by the socket.
    unflushed: bool,
    /// Why the peer goes, if it said so.
    pub(super) left: Option<String>,
    fresh: bool,
    /// Whether the timer wakes this task.
    set: bool,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        reader: Box<dyn AsyncRead + Send + Unpin>,
        buffer: ReadBuffer,
        pulse: Pulse,
        dropped: oneshot::Receiver<()>,
    ) -> Self {
        let partials = Partials::new(shared.own.max_partial, shared.own.max_message);
        let flavor = Handle::current().runtime_flavor();
        let room = Room::new(&shared.own);
        Self {
            room,
            pongs: 0,
            unflushed: false,
            shared,
            reader,
            buffer,
            partials,
            batch: Outbox::default(),
            pulse,
            timer: Box::pin(sleep_until(Instant::now() + REST)),
            rest: None,
            dropped,
            held: true,
            going: false,
            polite: flavor != RuntimeFlavor::CurrentThread,
            waited: false,
            wakers: Vec::new(),
            expired: Vec::new(),
            idle: 0,
            left: None,
            fresh: true,
            set: false,
        }
    }

    pub(super) async fn run(mut self) {
        let cause = poll_fn(|cx| self.poll(cx)).await;
        self.close(&cause);
    }

    /// It is over, and so are its calls.
    fn close(&mut self, cause: &str) {
        // In this order: who sees that it is over can see why.
        self.shared.standing.over(cause.to_owned());
        self.fail_all(cause);
        // The socket is closed now, and not when the last one lets go who had a call on it.
        *self.shared.pen.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(tokio::io::sink());
    }

    /// Ready when the lane is over, with the reason.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        if self.held && Pin::new(&mut self.dropped).poll(cx).is_ready() {
            self.held = false;
        }
        for turn in 0..READS {
            // What came with the peer's hello is not read again.
            if turn == 0
                && std::mem::take(&mut self.fresh)
                && self.buffer.has_begun()
                && let Err(violation) = self.receive()
            {
                return self.refuse(&violation, cx);
            }
            match self.buffer.poll_read(cx, &mut self.reader) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(self.left.take().unwrap_or_else(|| "the peer closed it".to_owned()));
                }
                Poll::Ready(Ok(_)) => {
                    if let Err(violation) = self.receive() {
                        return self.refuse(&violation, cx);
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(error.to_string()),
                Poll::Pending => break,
            }
            if turn + 1 == READS {
                // There may be more, of which nobody else would say so.
                cx.waker().wake_by_ref();
            }
        }
        if let Poll::Ready(cause) = self.poll_write(cx) {
            return Poll::Ready(cause);
        }
        self.poll_timer(cx)
    }

    /// Writes what there is to write. Ready when the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            if self.batch.is_empty() && !self.unflushed && !self.take(cx) {
                return Poll::Pending;
            }
            let shared = self.shared.clone();
            let mut pen = shared.pen.lock().unwrap_or_else(PoisonError::into_inner);
            while !self.batch.is_empty() {
                let mut pieces = [IoSlice::new(&[]); PIECES];
                let count = self.batch.pieces(&mut pieces);
                match Pin::new(&mut *pen).poll_write_vectored(cx, &pieces[..count]) {
                    Poll::Ready(Ok(0)) => return Poll::Ready("the peer takes nothing any more".to_owned()),
                    Poll::Ready(Ok(count)) => {
                        self.batch.advance(count);
                        self.unflushed = true;
                        self.shared.line().written += count as u64;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(error.to_string()),
                    Poll::Pending => return self.block(),
                }
            }
            // What a socket with TLS keeps, say, goes out too.
            match Pin::new(&mut *pen).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Poll::Ready(error.to_string()),
                Poll::Pending => return self.block(),
            }
        }
    }

    /// The peer takes nothing now. Calls go on that cannot be sent: whoever wakes the task for their time is heard.
    fn block(&mut self) -> Poll<String> {
        let mut line = self.shared.line();
        line.woken = false;
        if std::mem::take(&mut line.ask) {
            self.pulse.ask(Instant::now());
        }
        Poll::Pending
    }

    /// Takes what is to be written next. Says whether there is anything.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        let shared = self.shared.clone();
        let mut line = shared.line();
        if line.task.as_ref().is_none_or(|task| !task.will_wake(cx.waker())) {
            line.task = Some(cx.waker().clone());
        }
        line.woken = false;
        line.writing = false;
        self.pongs = 0;
        self.say(&mut line);
        if std::mem::take(&mut line.unflushed) {
            self.unflushed = true;
            line.writing = true;
            return true;
        }
        if line.traffic.is_empty() {
            self.waited = false;
            return false;
        }
        if self.polite && !self.waited {
            self.waited = true;
            line.woken = true;
            cx.waker().wake_by_ref();
            return false;
        }
        self.waited = false;
        line.fill();
        self.batch.take(&mut line.traffic.outbox);
        line.traffic.go_on();
        line.taken += self.batch.pending() as u64;
        line.writing = true;
        true
    }

    /// What the task itself has to say: a question to a silent peer, and good-bye.
    fn say(&mut self, line: &mut Line) {
        if std::mem::take(&mut line.ask) && self.pulse.ask(Instant::now()) {
            frame::put_ping(line.traffic.outbox.frames(), [0; 8]);
        }
        if !self.going && self.is_leaving() {
            self.going = true;
            frame::put_goaway(line.traffic.outbox.frames(), &GoAway::done());
        }
    }

    /// Whether no call will be made any more.
    fn is_leaving(&self) -> bool {
        !self.held || self.shared.standing.phase() >= Phase::Draining
    }

    /// Looks at the clock. Ready when the lane is over.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            let waits = self.is_waited_for();
            let line = self.shared.line();
            if !waits && self.going && self.batch.is_empty() && line.traffic.is_empty() {
                return Poll::Ready("its last user is gone".to_owned());
            }
            let due = line.due.map(|due| Instant::from_std(due.instant()));
            // It stays set while nobody waits, so that calls which begin and end meanwhile need not wake this task.
            let pulse = self.shared.watched.load(Ordering::Relaxed).then(|| self.pulse.due());
            drop(line);
            let Some(next) = [due, pulse, self.rest].into_iter().flatten().min() else {
                return Poll::Pending;
            };
            // One that is set wakes this task, and what comes later is looked at then.
            if self.set && !self.timer.is_elapsed() && self.timer.deadline() <= next {
                return Poll::Pending;
            }
            self.timer.as_mut().reset(next);
            self.set = self.timer.as_mut().poll(cx).is_pending();
            if self.set {
                return Poll::Pending;
            }
            if let Some(cause) = self.look(Instant::now()) {
                return Poll::Ready(cause);
            }
            if let Poll::Ready(cause) = self.poll_write(cx) {
                return Poll::Ready(cause);
            }
        }
    }

    /// Whether its silence would mean something.
    fn is_waited_for(&self) -> bool {
        self.pulse.is_asked() || self.shared.standing.calls() > 0
    }

    /// Does what is due. Says why the lane is over, if it is.
    fn look(&mut self, now: Instant) -> Option<String> {
        if self.is_waited_for() {
            match self.pulse.beat(now) {
                Beat::Dead => return Some(self.pulse.cause()),
                Beat::Ask => {
                    self.shared.standing.change(Phase::Ready, Phase::Asked);
                    frame::put_ping(self.shared.line().traffic.outbox.frames(), [0; 8]);
                }
                Beat::Wait(_) => {}
            }
        } else {
            self.shared.watched.store(false, Ordering::Relaxed);
        }
        self.expire();
        if self.rest.is_some_and(|rest| rest <= now) {
            self.rest = None;
            self.buffer.rest();
            self.batch.rest();
            self.shared.line().traffic.rest();
        }
        None
    }

    /// Tells the peer what it did wrong, as far as that can be told at once.
    fn refuse(&mut self, violation: &Violation, cx: &mut Context<'_>) -> Poll<String> {
        {
            let mut line = self.shared.line();
            frame::put_goaway(line.traffic.outbox.frames(), &GoAway::violated(violation));
        }
        self.waited = true;
        let _ = self.poll_write(cx);
        Poll::Ready(format!("the peer does not keep to the protocol: {violation}"))
    }
}

impl Line {
    /// Puts parts of long messages on their way, and notes which calls are on it whole.
    fn fill(&mut self) {
        let Self { slots, traffic, taken, .. } = self;
        traffic.fill();
        for (id, pending) in traffic.parts.take_out() {
            if let Some(slot) = slots.get(id) {
                slot.sent = *taken + pending as u64;
            }
        }
    }
}

/// A runtime that shuts down drops its tasks wherever they are. Whoever waits elsewhere is told.
impl Drop for Task {
    fn drop(&mut self) {
        if self.shared.standing.phase() != Phase::Closed {
            self.close("the runtime that it was made on has shut down");
        }
    }
}
