use std::sync::Arc;
use std::time::Duration;

use micro_core::{Pick, Result};

use crate::draw::candidate;
use crate::{Hint, Node, Selector, Snapshot};

/// Latencies below this say more about the machine than about the nodes.
const FLOOR: Duration = Duration::from_micros(500);
/// The most that errors make a node look slower.
const WORST: f64 = 1024.0;
/// What a node costs that has not answered yet, for each call that it has.
const UNKNOWN: f64 = 1.0;

/// Power of two choices: draws two nodes, and picks the one that will probably answer first.
///
/// That is the one whose latency, times the calls under way from this client and one, is smaller. The latency follows the
/// peaks: a slower answer counts at once, faster ones bit by bit. An error never makes a node look faster; the more of
/// its calls fail, the slower it looks. What is known of a node fades within 10 s without an answer, so that one that was
/// slow or failed is tried again. One that is not known yet gets one call, and more when that was answered.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct P2c;

impl P2c {
    /// The selector `p2c`.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl Selector for P2c {
    fn name(&self) -> &'static str {
        "p2c"
    }

    fn pick(&self, nodes: &Snapshot, hint: &Hint<'_>) -> Result<Pick> {
        let Some(one) = candidate(nodes, hint, None) else { return nodes.last_resort(hint) };
        let claim = |(index, node): (u32, &Arc<Node>)| node.claim_timed(index);
        let pick = match candidate(nodes, hint, Some(one.0)) {
            None => claim(one),
            // Which of two is the first was drawn already, so it may win where they are equal.
            Some(other) => {
                let now = one.1.stats().now();
                let (mine, theirs) = (Cost::of(one.1, now), Cost::of(other.1, now));
                let (best, second) =
                    if theirs.beside(&mine) < mine.beside(&theirs) { (other, one) } else { (one, other) };
                claim(best).or_else(|| claim(second))
            }
        };
        pick.map_or_else(|| nodes.last_resort(hint), Ok)
    }
}

/// How long a call to a node will probably take, in seconds.
struct Cost {
    wait: f64,
    errors: f64,
    trust: f64,
}

impl Cost {
    fn of(node: &Node, now: Duration) -> Self {
        let pending = f64::from(node.in_flight());
        match node.known(|| now) {
            // Nobody else may be going to find out that it is well again.
            _ if node.is_due() => Self { wait: 0.0, errors: 0.0, trust: 0.0 },
            None => Self { wait: pending * UNKNOWN, errors: 0.0, trust: 1.0 },
            Some(known) => Self {
                wait: known.latency.max(FLOOR).as_secs_f64() * (pending + 1.0),
                errors: known.errors,
                // One call at a time finds out what is true of it now.
                trust: if pending == 0.0 { known.trust } else { 1.0 },
            },
        }
    }

    /// What it is beside another node: one whose calls fail is no faster and no less busy than that.
    fn beside(&self, other: &Self) -> f64 {
        let wait = self.wait + self.errors * (other.wait - self.wait).max(0.0);
        wait / (1.0 - self.errors).powi(2).max(1.0 / WORST) * self.trust
    }
}
