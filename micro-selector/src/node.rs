use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use micro_core::{Feedback, Outcome, Pick};
use micro_registry::Service;

use crate::rest::{Rest, Standing};

/// What a [`Pick`] tells its node when it was made while the node was not known to be well.
const PROBE: u64 = 1;

/// A node that calls can be sent to, and what is known of how it does. It outlives the snapshots that it is in.
///
/// A node that could not be reached (the call failed as [`Code::Unavailable`](micro_core::Code::Unavailable), and
/// certainly never reached a handler) *rests*: it is picked only when there is no other. After 50 to 100 ms one call
/// probes it; while that fails the rests get longer, each twice the one before, up to 30 s. One answer, of whatever
/// kind, and the node is well again. Errors of the business say nothing about a node and never count.
pub struct Node {
    /// Its service's name and version, and the endpoints that it has; without nodes.
    pub service: Arc<Service>,
    /// Its own record.
    pub record: micro_registry::Node,
    /// Shared with the same node of other snapshots, though its record may have changed.
    stats: Arc<Stats>,
}

struct Stats {
    in_flight: AtomicU32,
    rest: Rest,
    /// When it was picked last, counted in picks: round robin's memory.
    turn: AtomicU64,
    born: Instant,
}

impl Node {
    /// A node of a service, about which nothing is known yet.
    #[must_use]
    pub fn new(service: Arc<Service>, record: micro_registry::Node) -> Self {
        let stats = Stats {
            in_flight: AtomicU32::new(0),
            rest: Rest::default(),
            turn: AtomicU64::new(0),
            born: Instant::now(),
        };
        Self { service, record, stats: Arc::new(stats) }
    }

    /// The same node with another record: what is known of how it does stays known.
    #[must_use]
    pub fn with_record(&self, service: Arc<Service>, record: micro_registry::Node) -> Self {
        Self { service, record, stats: self.stats.clone() }
    }

    /// How many calls it has that are not answered.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.stats.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it may be picked: it is well, or rested long enough for a probe.
    #[must_use]
    pub fn is_available(&self) -> bool {
        !matches!(self.standing(), Standing::Resting(_))
    }

    /// For how long it is not to be picked, as it could not be reached; `None` when it is available.
    #[must_use]
    pub fn resting(&self) -> Option<Duration> {
        match self.standing() {
            Standing::Resting(left) => Some(left),
            Standing::Well | Standing::Due => None,
        }
    }

    /// The choice of this node, number `index` of its snapshot, for one call; `None` when it rests, or somebody else
    /// probes it.
    #[must_use]
    pub fn claim(self: &Arc<Self>, index: u32) -> Option<Pick> {
        match self.standing() {
            Standing::Well => Some(self.make(index, 0)),
            Standing::Due if self.stats.rest.claim(self.stats.born.elapsed()) => {
                Some(self.make(index, PROBE))
            }
            Standing::Due | Standing::Resting(_) => None,
        }
    }

    /// The choice of this node, number `index` of its snapshot, for one call, even though it may rest.
    pub fn pick(self: &Arc<Self>, index: u32) -> Pick {
        let token = if self.standing() == Standing::Well { 0 } else { PROBE };
        self.make(index, token)
    }

    pub(crate) fn turn(&self) -> u64 {
        self.stats.turn.load(Ordering::Relaxed)
    }

    /// Takes the turn `to`, unless somebody else has taken one since `from`.
    pub(crate) fn take_turn(&self, from: u64, to: u64) -> bool {
        self.stats.turn.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn make(self: &Arc<Self>, index: u32, token: u64) -> Pick {
        self.stats.in_flight.fetch_add(1, Ordering::Relaxed);
        Pick::new(index, self.clone(), token)
    }

    fn standing(&self) -> Standing {
        self.stats.rest.standing(|| self.stats.born.elapsed())
    }
}

impl Feedback for Node {
    fn node(&self) -> Option<&str> {
        Some(&self.record.id)
    }

    fn done(&self, token: u64, outcome: Outcome) {
        self.stats.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.stats.rest.learn(outcome, token == PROBE, || self.stats.born.elapsed());
    }
}

impl Debug for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("id", &self.record.id)
            .field("address", &self.record.address)
            .field("in_flight", &self.in_flight())
            .field("resting", &self.resting())
            .finish_non_exhaustive()
    }
}
