//! The task of a lane: reads, writes, and watches the time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use micro_core::Deadline;
use tokio::io::AsyncRead;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep, sleep_until};

use super::pen::{Writer, Wrote};
use super::session::{Line, Shared};
use crate::lane::buffer::ReadBuffer;
use crate::lane::frame::{self, GoAway, Violation};
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
    writer: Writer,
    pub(super) pulse: Pulse,
    timer: Pin<Box<Sleep>>,
    /// When its memory is given back.
    pub(super) rest: Option<Instant>,
    /// The earliest deadline of a call, or an earlier moment, as the line said last.
    pub(super) due: Option<Deadline>,
    /// Whether it told the peer that it goes.
    going: bool,
    pub(super) wakers: Vec<Waker>,
    pub(super) expired: Vec<u32>,
    /// How many frames in a row were of no call.
    pub(super) idle: usize,
    /// How many answers to PINGs wait to be written.
    pub(super) pongs: usize,
    /// Why the peer goes, if it said so.
    pub(super) left: Option<String>,
    fresh: bool,
    /// Whether the timer wakes this task as soon as anything is due. Whatever may be due earlier than all else unsets it.
    pub(super) set: bool,
}

impl Task {
    pub(super) fn new(
        shared: Arc<Shared>,
        reader: Box<dyn AsyncRead + Send + Unpin>,
        buffer: ReadBuffer,
        pulse: Pulse,
    ) -> Self {
        let partials = Partials::new(shared.own.max_partial, shared.own.max_message);
        let flavor = Handle::current().runtime_flavor();
        let room = Room::new(&shared.own);
        Self {
            room,
            pongs: 0,
            shared,
            reader,
            buffer,
            partials,
            writer: Writer::new(flavor != RuntimeFlavor::CurrentThread),
            pulse,
            timer: Box::pin(sleep_until(Instant::now() + REST)),
            rest: None,
            due: None,
            going: false,
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
        self.shared.desk.close(Box::new(tokio::io::sink()));
    }

    /// Ready when the lane is over, with the reason.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
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
        let Self { shared, writer, pulse, going, pongs, due, set, .. } = self;
        // What the task itself has to say: a question to a silent peer, and good-bye when no call will be made any more.
        let say = |line: &mut Line| {
            *pongs = 0;
            line.tell_due(due, set);
            if std::mem::take(&mut line.ask) {
                *set = false;
                if pulse.ask(Instant::now()) {
                    frame::put_ping(line.traffic.outbox.frames(), [0; 8]);
                }
            }
            if !*going && (!line.held || shared.standing.phase() >= Phase::Draining) {
                *going = true;
                frame::put_goaway(line.traffic.outbox.frames(), &GoAway::done());
            }
        };
        match writer.poll_write(&shared.desk, cx, say) {
            Wrote::All => Poll::Pending,
            Wrote::Blocked => {
                // Calls go on that cannot be sent.
                let mut line = shared.line();
                line.tell_due(due, set);
                if std::mem::take(&mut line.ask) {
                    *set = false;
                    pulse.ask(Instant::now());
                }
                Poll::Pending
            }
            Wrote::Over(cause) => Poll::Ready(cause),
        }
    }

    /// Looks at the clock. Ready when the lane is over.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            if self.going
                && !self.is_waited_for()
                && self.writer.is_empty()
                && self.shared.line().traffic.is_empty()
            {
                return Poll::Ready("its last user is gone".to_owned());
            }
            // One that is set wakes this task, and what comes later is looked at then.
            if self.set && !self.timer.is_elapsed() {
                return Poll::Pending;
            }
            let due = self.due.map(|due| Instant::from_std(due.instant()));
            // It stays set while nobody waits, so that calls which begin and end meanwhile need not wake this task.
            let pulse = self.shared.watched.load(Ordering::Relaxed).then(|| self.pulse.due());
            let Some(next) = [due, pulse, self.rest].into_iter().flatten().min() else {
                return Poll::Pending;
            };
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
            self.writer.rest();
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
        self.writer.hurry();
        let _ = self.poll_write(cx);
        Poll::Ready(format!("the peer does not keep to the protocol: {violation}"))
    }
}

impl Line {
    /// Tells the task when a call is due, and that its timer is not set for that yet.
    fn tell_due(&self, due: &mut Option<Deadline>, set: &mut bool) {
        if self.due != *due {
            *due = self.due;
            *set = false;
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
