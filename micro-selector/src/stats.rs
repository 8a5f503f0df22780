use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use micro_core::Outcome;

use crate::estimate::{Estimate, Grade};
use crate::evidence::Evidence;
use crate::group::Group;
use crate::rest::{Rest, Standing, State, Why, pause};
use crate::token::{Role, Token};
use crate::window::{Cause, Window};

/// The longest first rest of a node that could not be reached; later ones are twice as long as the one before, up to
/// [`LONGEST`].
pub(crate) const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// How long a probe has such a node for itself. Longer than a dial takes; a stream may last for hours.
const PROBE: Duration = Duration::from_secs(5);
/// A probe that is given up sooner was not made: no connection was ready. The next call probes.
const GLANCE: Duration = Duration::from_millis(10);
/// The part of its share that a node begins with after an ejection.
const START: f64 = 0.05;
/// How long a node has to be well for each ejection that is forgotten.
const FORGIVEN: Duration = Duration::from_secs(10);

/// What is known of how a node does. It outlives the snapshots that the node is in.
pub(crate) struct Stats {
    pub(crate) in_flight: AtomicU32,
    /// When it was picked last, counted in picks: round robin's memory.
    pub(crate) turn: AtomicU64,
    /// Whether it has had one before its time.
    pub(crate) owes_turn: AtomicBool,
    pub(crate) rest: Rest,
    pub(crate) window: Window,
    pub(crate) estimate: Estimate,
    /// How often it was ejected, in the upper 8 bits, and when it came back, in microseconds.
    ejections: AtomicU64,
    pub(crate) group: Arc<Group>,
}

/// What changed for a node, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Ejected { cause: Cause, lasts: Duration },
    Readmitted,
}

impl Stats {
    pub(crate) fn new(group: Arc<Group>) -> Self {
        Self {
            in_flight: AtomicU32::new(0),
            turn: AtomicU64::new(0),
            owes_turn: AtomicBool::new(false),
            rest: Rest::default(),
            window: Window::default(),
            estimate: Estimate::default(),
            ejections: AtomicU64::new(0),
            group,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.group.now()
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.rest.state() {
            State::Well => Standing::Well,
            State::Away { until, .. } => match until.checked_sub(self.now()) {
                Some(left) if !left.is_zero() => Standing::Resting(left),
                _ => Standing::Due,
            },
            State::Ramping(since) => {
                let (passed, ramp) = (self.now().saturating_sub(since), self.group.options.ramp);
                if passed >= ramp {
                    self.rest.change(State::Ramping(since), State::Well);
                    return Standing::Well;
                }
                Standing::Ramping(START + (1.0 - START) * passed.as_secs_f64() / ramp.as_secs_f64())
            }
        }
    }

    /// Takes the probe that is due; `false` when somebody else has it.
    pub(crate) fn claim(&self, now: Duration) -> bool {
        match self.rest.state() {
            State::Away { why, times, until } if until <= now => {
                let held = match why {
                    Why::Unreachable => PROBE,
                    Why::Ejected => self.group.options.max_ejection,
                };
                let to = State::Away { why, times, until: now + held };
                self.rest.change(State::Away { why, times, until }, to)
            }
            _ => false,
        }
    }

    /// Learns how a call ended.
    #[inline]
    pub(crate) fn learn(&self, token: u64, outcome: Outcome) -> Option<Change> {
        if token == Token::PLAIN && outcome == Outcome::Ok && self.rest.is_well() {
            // As nearly always.
            self.window.answered();
            return None;
        }
        self.learn_all(Token::unpack(token), outcome)
    }

    fn learn_all(&self, token: Token, outcome: Outcome) -> Option<Change> {
        let change = self.learn_state(token, Evidence::of(outcome));
        if token.timed
            && let (Some(start), Some(grade)) = (token.start, Grade::of(outcome))
        {
            let now = self.now();
            self.estimate.learn(now.saturating_sub(start), grade, now);
        }
        change
    }

    fn learn_state(&self, token: Token, evidence: Evidence) -> Option<Change> {
        let state = self.rest.state();
        match state {
            State::Well | State::Ramping(_) => self.judge(state, evidence),
            // What was under way when the node was lost says nothing about how it does since.
            State::Away { .. } if token.role == Role::Usual => None,
            State::Away { why, times, .. } => match (why, evidence) {
                (Why::Unreachable, Evidence::Answer | Evidence::Overloaded) => {
                    if self.rest.change(state, State::Well) {
                        self.window.answered();
                        self.estimate.clear();
                    }
                    None
                }
                (Why::Ejected, Evidence::Answer) => self.readmit(state, times),
                // What all have in common is no fault of this one: the first to be noticed would carry it alone.
                (Why::Ejected, Evidence::Broken | Evidence::Unreachable)
                    if token.role == Role::Probe && !self.group.has_better(self, self.now()) =>
                {
                    self.readmit(state, times)
                }
                (_, Evidence::Nothing) => {
                    if token.role == Role::Probe {
                        self.given_up(state, token);
                    }
                    None
                }
                (why, _) => {
                    // A call that was made although the node rested says nothing new; but the next one of that kind
                    // should try another node.
                    let times = times.saturating_add(u8::from(token.role == Role::Probe));
                    let until = self.now() + self.pause(why, times);
                    self.rest.change(state, State::Away { why, times, until });
                    None
                }
            },
        }
    }

    /// Learns of a node that is well so far.
    fn judge(&self, state: State, evidence: Evidence) -> Option<Change> {
        let broken = match evidence {
            Evidence::Nothing => return None,
            Evidence::Answer => {
                self.window.answered();
                return None;
            }
            Evidence::Overloaded => false,
            Evidence::Broken | Evidence::Unreachable => true,
        };
        let now = self.now();
        if let Some(cause) = self.window.failed(now, broken, &self.group.options) {
            if let Some(change) = self.eject(state, now, cause) {
                return Some(change);
            }
            self.window.passed_over();
        }
        if evidence == Evidence::Unreachable {
            let until = now + self.pause(Why::Unreachable, 1);
            self.rest.change(state, State::Away { why: Why::Unreachable, times: 1, until });
        }
        None
    }

    fn eject(&self, state: State, now: Duration, cause: Cause) -> Option<Change> {
        let (times, back) = unpack(self.ejections.load(Ordering::Relaxed));
        let forgiven = now.saturating_sub(back).as_secs() / FORGIVEN.as_secs();
        let times = times.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX)).saturating_add(1);
        let lasts = self.pause(Why::Ejected, times);
        let away = State::Away { why: Why::Ejected, times, until: now + lasts };
        self.group.eject(self, now, || self.rest.change(state, away)).then(|| {
            self.window.clear();
            Change::Ejected { cause, lasts }
        })
    }

    fn readmit(&self, state: State, times: u8) -> Option<Change> {
        let now = self.now();
        self.rest.change(state, State::Ramping(now)).then(|| {
            self.ejections.store(pack(times, now), Ordering::Relaxed);
            self.estimate.clear();
            Change::Readmitted
        })
    }

    /// A probe says nothing: the caller gave it up.
    fn given_up(&self, state: State, token: Token) {
        let State::Away { why, times, .. } = state else { return };
        let now = self.now();
        let waited = token.start.map_or(Duration::ZERO, |start| now.saturating_sub(start));
        let pause = match why {
            // It may well have been given up because the node does not answer.
            Why::Ejected if waited >= GLANCE => self.pause(why, times),
            Why::Ejected | Why::Unreachable => Duration::ZERO,
        };
        self.rest.change(state, State::Away { why, times, until: now + pause });
    }

    fn pause(&self, why: Why, times: u8) -> Duration {
        match why {
            Why::Unreachable => pause(FIRST, LONGEST, times),
            Why::Ejected => pause(self.group.options.ejection, self.group.options.max_ejection, times),
        }
    }
}

fn unpack(word: u64) -> (u8, Duration) {
    ((word >> 56) as u8, Duration::from_micros(word & ((1 << 56) - 1)))
}

fn pack(times: u8, back: Duration) -> u64 {
    u64::from(times) << 56 | back.as_micros() as u64 & ((1 << 56) - 1)
}

impl Debug for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stats").field("rest", &self.rest.state()).finish_non_exhaustive()
    }
}
