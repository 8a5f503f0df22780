use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::HealthOptions;
use crate::rest::{State, Why};
use crate::stats::Stats;

/// The nodes of one service, among which one is ejected or not. It is looked at in the rare moment of an ejection only.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) options: HealthOptions,
    members: Mutex<Vec<Weak<Stats>>>,
}

impl Group {
    pub(crate) fn new(options: HealthOptions) -> Self {
        Self { options, members: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Duration {
        self.options.clock.now()
    }

    /// Says which nodes there are.
    pub(crate) fn set(&self, members: impl Iterator<Item = Arc<Stats>>) {
        let members = members.map(|stats| Arc::downgrade(&stats)).collect();
        *self.members.lock().unwrap_or_else(PoisonError::into_inner) = members;
    }

    /// Runs `eject` if this node may be: not too many are already, and another one does clearly better. Where all fail
    /// alike the fault is not the node's, and to eject it would only burden the others.
    pub(crate) fn eject(&self, node: &Stats, now: Duration, eject: impl FnOnce() -> bool) -> bool {
        // Held over the ejection, so that two at once do not both count as the last that may be.
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut is_member, mut better, mut ejected) = (false, false, 0);
        let badness = node.window.badness(now, &self.options);
        for other in members.iter().filter_map(Weak::upgrade) {
            if std::ptr::eq(&raw const *other, node) {
                is_member = true;
                continue;
            }
            match other.rest.state() {
                State::Away { why: Why::Ejected, .. } => ejected += 1,
                State::Away { why: Why::Unreachable, .. } => {}
                State::Well | State::Ramping(_) => {
                    better |= other.window.badness(now, &self.options) <= badness / 2.0;
                }
            }
        }
        let most = members.len() as f64 * self.options.max_ejected;
        is_member && better && f64::from(ejected + 1) <= most && eject()
    }

    /// Whether any other node that may be picked does well: most of its calls do not fail.
    pub(crate) fn has_better(&self, node: &Stats, now: Duration) -> bool {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().filter_map(Weak::upgrade).any(|other| {
            !std::ptr::eq(&raw const *other, node)
                && matches!(other.rest.state(), State::Well | State::Ramping(_))
                && other.window.badness(now, &self.options) <= 0.5
        })
    }
}
