//! Finds out when the peer of a connection is dead.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep_until};

use super::session::Shared;
use crate::checked::YEAR;
use crate::standing::Phase;

/// Asks a silent peer that calls wait for, or want to be sent to, whether it lives.
pub(super) struct KeepAlive {
    pings: PingPong,
    timer: Pin<Box<Sleep>>,
    asked: Option<Asked>,
    silence: Duration,
    patience: Duration,
}

/// What the peer has to answer.
struct Asked {
    /// When, in the microseconds of [`Signs`](super::watched::Signs).
    when: u64,
    /// The connection is new: what it has to do is to say hello.
    new: bool,
}

/// A timer that is always over would never let the connection speak.
pub(super) fn bounded(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), YEAR)
}

impl KeepAlive {
    pub(super) fn new(pings: PingPong, shared: &Shared) -> Self {
        let options = shared.target.options();
        let (silence, patience) = (bounded(options.keep_alive), bounded(options.keep_alive_timeout));
        let timer = Box::pin(sleep_until(Instant::now() + patience));
        Self { pings, timer, asked: Some(Asked { when: 1, new: true }), silence, patience }
    }

    /// Ready when the peer is dead.
    pub(super) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<String> {
        shared.ask.register(cx.waker());
        if let Some(asked) = &self.asked {
            let pong = !asked.new && self.pings.poll_pong(cx).is_ready();
            // Whatever it says, it lives; its answer to the question may be behind that.
            if pong || shared.signs.heard() >= asked.when {
                self.asked = None;
                self.timer.as_mut().reset(shared.signs.since() + self.silence);
                shared.standing.change(Phase::Asked, Phase::Ready);
            }
        } else if shared.standing.phase() == Phase::Asked {
            // A call wants to know.
            self.ask(shared);
        }
        while self.timer.as_mut().poll(cx).is_ready() {
            let (silence, patience) = (self.silence, self.patience);
            if let Some(asked) = &self.asked {
                return Poll::Ready(match asked.new {
                    true => format!("the peer took the connection and said nothing within {patience:?}"),
                    false => format!(
                        "the peer was silent for {silence:?} and did not answer a ping within {patience:?}"
                    ),
                });
            }
            let now = Instant::now();
            let quiet = shared.signs.since() + silence;
            if shared.standing.calls() == 0 {
                self.timer.as_mut().reset(now + silence);
            } else if quiet > now {
                self.timer.as_mut().reset(quiet);
            } else {
                shared.standing.change(Phase::Ready, Phase::Asked);
                self.ask(shared);
            }
        }
        Poll::Pending
    }

    fn ask(&mut self, shared: &Shared) {
        // It fails only when the connection is over, which polling that tells, and when the last one is not answered.
        let _ = self.pings.send_ping(Ping::opaque());
        self.asked = Some(Asked { when: shared.signs.now(), new: false });
        self.timer.as_mut().reset(Instant::now() + self.patience);
    }
}
