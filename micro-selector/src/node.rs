use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use micro_core::{Feedback, Outcome, Pick};
use micro_registry::Service;

use crate::estimate::Known;
use crate::group::Group;
use crate::rest::{Standing, State, Why};
use crate::stats::{Change, Stats};
use crate::token::{Role, Token};

/// A node that calls can be sent to, and what is known of how it does. It outlives the snapshots that it is in.
///
/// # A node that cannot be reached
///
/// It *rests* when a call failed as [`Code::Unavailable`](micro_core::Code::Unavailable) and certainly never reached a
/// handler: it is picked only when there is no other. After 50 to 100 ms one call probes it; while that fails the rests
/// get longer, each twice the one before, up to 30 s. One answer, of whatever kind, and the node is well again.
///
/// # A node that fails
///
/// It is *ejected* when five calls in a row failed, or half of at least 20 calls of the last seconds, and another node of
/// its service does clearly better: where all fail alike nobody is ejected. It rests for 0.5 to 1 s. Then one call probes
/// it, which has the node for itself: an answer readmits it, a failure ejects it for twice as long, up to 30 s, unless the
/// others have come to fail as it does. After an
/// ejection its share grows from a small part to the whole within 10 s; if it fails again the ejection is longer than the
/// one before, unless it was well for a while. At most half of the nodes of a service are ejected at once, and so never
/// one that is alone. All of this is set by [`HealthOptions`](crate::HealthOptions).
///
/// A call failed when it ended as [`Code::Unavailable`](micro_core::Code::Unavailable) or
/// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded). One that the node turned away before a handler saw it,
/// as [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), counts among the 20, not in a row. Errors of the
/// business say nothing about a node and never count, nor do calls that their caller gave up.
pub struct Node {
    /// Its service's name and version, and the endpoints that it has; without nodes.
    pub service: Arc<Service>,
    /// Its own record.
    pub record: micro_registry::Node,
    /// What keys are weighed against; see [`Hash`](crate::Hash).
    hash: u64,
    /// Shared with the same node of other snapshots, though its record may have changed.
    stats: Arc<Stats>,
}

impl Node {
    /// A node of a service, about which nothing is known yet. As it is known to no other node, it is never ejected:
    /// those of a [`Snapshot`](crate::Snapshot) are.
    #[must_use]
    pub fn new(service: Arc<Service>, record: micro_registry::Node) -> Self {
        Self::of(Arc::default(), service, record)
    }

    /// A node that is one of several, once they are all [told](Group::set).
    pub(crate) fn of(group: Arc<Group>, service: Arc<Service>, record: micro_registry::Node) -> Self {
        let hash = crate::hash::of(&record.id);
        Self { service, record, hash, stats: Arc::new(Stats::new(group)) }
    }

    /// The same node with another record: what is known of how it does stays known.
    #[must_use]
    pub fn with_record(&self, service: Arc<Service>, record: micro_registry::Node) -> Self {
        let hash = crate::hash::of(&record.id);
        Self { service, record, hash, stats: self.stats.clone() }
    }

    /// How many calls it has that are not answered.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.stats.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it may be picked: it is well, or rested long enough for a probe.
    #[must_use]
    pub fn is_available(&self) -> bool {
        !matches!(self.stats.standing(), Standing::Resting(_))
    }

    /// Whether it rested long enough: whoever claims it now probes it. A selector that prefers some nodes to others
    /// should prefer this one to all, as nobody else may be going to find out that it is well again.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.stats.standing() == Standing::Due
    }

    /// For how long it is not to be picked, as it could not be reached or is ejected; `None` when it is available.
    #[must_use]
    pub fn resting(&self) -> Option<Duration> {
        match self.stats.standing() {
            Standing::Resting(left) => Some(left),
            Standing::Well | Standing::Ramping(_) | Standing::Due => None,
        }
    }

    /// How often in a row it was ejected; `None` when it is not. It is until a probe was answered.
    #[must_use]
    pub fn ejected(&self) -> Option<u32> {
        match self.stats.rest.state() {
            State::Away { why: Why::Ejected, times, .. } => Some(times.into()),
            State::Away { .. } | State::Well | State::Ramping(_) => None,
        }
    }

    /// Which part of its share it gets: 1 when it is well, less for a while after an ejection, 0 while it rests.
    #[must_use]
    pub fn share(&self) -> f64 {
        match self.stats.standing() {
            Standing::Well => 1.0,
            Standing::Ramping(share) => share,
            Standing::Due | Standing::Resting(_) => 0.0,
        }
    }

    /// How long it takes to answer, by the peaks of its last answers; `None` when that is not known, as only selectors
    /// that ask for it [measure](Self::claim_timed) it.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        self.stats.estimate.known(|| self.stats.now()).map(|known| known.latency)
    }

    /// The choice of this node, number `index` of its snapshot, for one call; `None` when it rests, or somebody else
    /// probes it, or when after an ejection it does not get its whole share yet.
    #[must_use]
    pub fn claim(self: &Arc<Self>, index: u32) -> Option<Pick> {
        self.claimed(index, None)
    }

    /// The same, for a selector that wants to know how long nodes take to answer.
    #[must_use]
    pub fn claim_timed(self: &Arc<Self>, index: u32) -> Option<Pick> {
        self.claimed(index, Some(self.stats.now()))
    }

    /// The choice of this node, number `index` of its snapshot, for one call, even though it may rest.
    pub fn pick(self: &Arc<Self>, index: u32) -> Pick {
        let role = match self.stats.standing() {
            Standing::Well | Standing::Ramping(_) => return self.make(index, Token::USUAL),
            Standing::Due => Role::Probe,
            Standing::Resting(_) => Role::LastResort,
        };
        self.make(index, Token { role, timed: false, start: Some(self.stats.now()) })
    }

    fn claimed(self: &Arc<Self>, index: u32, start: Option<Duration>) -> Option<Pick> {
        let role = match self.stats.standing() {
            Standing::Well => Role::Usual,
            Standing::Ramping(share) if fastrand::f64() < share => Role::Usual,
            Standing::Due => {
                let now = start.unwrap_or_else(|| self.stats.now());
                return self.stats.claim(now).then(|| self.probe(index, start.is_some(), now));
            }
            Standing::Ramping(_) | Standing::Resting(_) => return None,
        };
        Some(self.make(index, Token { role, timed: start.is_some(), start }))
    }

    fn probe(self: &Arc<Self>, index: u32, timed: bool, now: Duration) -> Pick {
        self.make(index, Token { role: Role::Probe, timed, start: Some(now) })
    }

    fn make(self: &Arc<Self>, index: u32, token: Token) -> Pick {
        self.stats.in_flight.fetch_add(1, Ordering::Relaxed);
        Pick::new(index, self.clone(), token.pack())
    }

    pub(crate) fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// What is known of how fast it answers, and how often it fails.
    pub(crate) fn known(&self, now: impl FnOnce() -> Duration) -> Option<Known> {
        self.stats.estimate.known(now)
    }

    /// The number of its last turn.
    pub(crate) fn turn(&self) -> u64 {
        self.stats.turn.load(Ordering::Relaxed)
    }

    /// Has the turn of this number, which is its.
    pub(crate) fn has_turn(&self, turn: u64) {
        self.stats.turn.store(turn, Ordering::Relaxed);
    }

    /// Takes the turn `to`, unless somebody else has taken one since `from`.
    pub(crate) fn take_turn(&self, from: u64, to: u64) -> bool {
        self.stats.turn.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Has its next turn passed over.
    pub(crate) fn owes_turn(&self) {
        self.stats.owes_turn.store(true, Ordering::Relaxed);
    }

    /// Whether this turn is passed over.
    pub(crate) fn pays_turn(&self) -> bool {
        self.stats.owes_turn.load(Ordering::Relaxed) && self.stats.owes_turn.swap(false, Ordering::Relaxed)
    }

    fn tell(&self, change: Change, outcome: Outcome) {
        let (service, node, address) = (&self.service.name, &self.record.id, &self.record.address);
        match change {
            Change::Ejected { cause, lasts } => tracing::warn!(
                %service, %node, %address, ?outcome,
                "the node is ejected for {lasts:.1?}: {cause}"
            ),
            Change::Readmitted => tracing::info!(
                %service, %node, %address,
                "the node is readmitted: it answers again"
            ),
        }
    }
}

// === impl Feedback ===

impl Feedback for Node {
    fn node(&self) -> Option<&str> {
        Some(&self.record.id)
    }

    fn done(&self, token: u64, outcome: Outcome) {
        self.stats.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(change) = self.stats.learn(token, outcome) {
            self.tell(change, outcome);
        }
    }

    fn connected(&self, token: u64) -> u64 {
        match Token::unpack(token) {
            token @ Token { timed: true, start: Some(_), .. } => {
                Token { start: Some(self.stats.now()), ..token }.pack()
            }
            _ => token,
        }
    }

    fn answered(&self, token: u64) -> u64 {
        if let Some(change) = self.stats.learn(token, Outcome::Ok) {
            self.tell(change, Outcome::Ok);
        }
        // How long the rest of a stream takes is not for the node to say.
        Token::USUAL.pack()
    }
}

impl Debug for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.record.id)
            .field("address", &self.record.address)
            .field("in_flight", &self.in_flight())
            .field("resting", &self.resting())
            .field("ejected", &self.ejected())
            .field("latency", &self.latency())
            .finish_non_exhaustive()
    }
}
