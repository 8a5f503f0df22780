//! Whether the peer of a lane lives.

use std::time::Duration;

use tokio::time::Instant;

use crate::checked::YEAR;

/// Watches how long a peer is silent that is waited for.
#[derive(Debug)]
pub(super) struct Pulse {
    silence: Duration,
    patience: Duration,
    /// Since when its silence means something.
    since: Instant,
    /// When it was asked.
    asked: Option<Instant>,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beat {
    /// Nothing before this moment.
    Wait(Instant),
    /// Ask whether it lives.
    Ask,
    /// It is dead.
    Dead,
}

impl Pulse {
    /// A peer that is asked when it was silent for `silence` while it was waited for, and has `patience` to answer.
    pub(super) fn new(silence: Duration, patience: Duration) -> Self {
        // A timer that is always over would never let the connection speak.
        let bounded = |time: Duration| time.clamp(Duration::from_millis(1), YEAR);
        let since = Instant::now();
        Self { silence: bounded(silence), patience: bounded(patience), since, asked: None }
    }

    /// The peer has said something.
    pub(super) fn hear(&mut self, now: Instant) {
        self.since = now;
        self.asked = None;
    }

    /// Asks it now, whatever it said.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let new = self.asked.is_none();
        self.asked.get_or_insert(now);
        new
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// When that is to be looked at again.
    pub(super) fn due(&self) -> Instant {
        match self.asked {
            Some(asked) => asked + self.patience,
            None => self.since + self.silence,
        }
    }

    /// What is to be done about a peer that is waited for.
    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        let due = self.due();
        match self.asked {
            _ if now < due => Beat::Wait(due),
            Some(_) => Beat::Dead,
            None => {
                self.asked = Some(now);
                Beat::Ask
            }
        }
    }

    /// Why a dead peer is taken for dead.
    pub(super) fn cause(&self) -> String {
        let Self { silence, patience, .. } = self;
        format!("the peer was silent for {silence:?} and did not answer a ping within {patience:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(5);
    const PATIENCE: Duration = Duration::from_secs(3);

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_asked_and_then_dead() {
        let mut pulse = Pulse::new(SILENCE, PATIENCE);
        let start = Instant::now();
        assert_eq!(pulse.beat(start), Beat::Wait(start + SILENCE));
        let asked = start + SILENCE;
        assert_eq!(pulse.beat(asked), Beat::Ask);
        assert_eq!(pulse.beat(asked), Beat::Wait(asked + PATIENCE));
        assert_eq!(pulse.beat(asked + PATIENCE), Beat::Dead);
        pulse.hear(asked);
        assert_eq!(pulse.beat(asked + PATIENCE), Beat::Wait(asked + SILENCE));
    }
}
