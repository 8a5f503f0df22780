use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use micro_core::{Code, Outcome};

/// The longest first rest; later ones are twice as long as the one before, up to [`LONGEST`].
pub(crate) const FIRST: Duration = Duration::from_millis(100);
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// How long a probe has the node for itself. Longer than a dial takes; a stream may last for hours.
const PROBE: Duration = Duration::from_secs(5);

/// The bits of the word that hold a time in microseconds: enough for 2,000 years.
const TIME: u32 = 56;

/// Whether a node that could not be reached may be picked again: one word, changed without locks.
///
/// Zero is well. Else the upper 8 bits count the failures, and the others are the time until which the node rests. When
/// that has come, the first who moves it on has the probe, and the others still skip the node.
#[derive(Debug, Default)]
pub(crate) struct Rest(AtomicU64);

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Well,
    /// It may be probed.
    Due,
    /// Not to be picked for this time, if there is another.
    Resting(Duration),
}

/// What an outcome says about whether a node can be reached.
enum Evidence {
    Reachable,
    Unreachable,
    Nothing,
}

impl Rest {
    pub(crate) fn standing(&self, now: impl FnOnce() -> Duration) -> Standing {
        let word = self.0.load(Ordering::Relaxed);
        if word == 0 {
            return Standing::Well;
        }
        match until(word).checked_sub(now()) {
            Some(left) if !left.is_zero() => Standing::Resting(left),
            _ => Standing::Due,
        }
    }

    /// Takes the probe that is due; `false` when somebody else has it.
    pub(crate) fn claim(&self, now: Duration) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        word != 0 && until(word) <= now && self.change(word, pack(failures(word), now + PROBE))
    }

    /// Learns how a call ended. `probe`: it was made although the node was not known to be well.
    pub(crate) fn learn(&self, outcome: Outcome, probe: bool, now: impl FnOnce() -> Duration) {
        let word = self.0.load(Ordering::Relaxed);
        match Evidence::of(outcome) {
            // What was under way when the node was lost says nothing about whether it can be reached since.
            _ if word != 0 && !probe => {}
            Evidence::Reachable if word != 0 => {
                self.change(word, 0);
            }
            Evidence::Unreachable => {
                let failures = failures(word).saturating_add(1);
                // Half of it is drawn, so that the clients of a node do not come back all at once.
                let longest = longest(failures);
                let rest = longest / 2 + (longest / 2).mul_f64(fastrand::f64());
                self.change(word, pack(failures, now() + rest));
            }
            // The next call probes.
            Evidence::Nothing if word != 0 => {
                self.change(word, pack(failures(word), now()));
            }
            Evidence::Reachable | Evidence::Nothing => {}
        }
    }

    /// Whoever is second has seen an older state of the node, and has nothing to add.
    fn change(&self, from: u64, to: u64) -> bool {
        self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Evidence {
    fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Reachable,
            Outcome::Failed { code: Code::Unavailable, reached: false } => Self::Unreachable,
            // The caller's time ran out, or the connection was lost on the way: it may be well or not.
            Outcome::Failed {
                code: Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled, ..
            } => Self::Nothing,
            // An error of the business is an answer.
            Outcome::Failed { reached: true, .. } => Self::Reachable,
            Outcome::Failed { reached: false, .. } | Outcome::Cancelled => Self::Nothing,
        }
    }
}

fn longest(failures: u8) -> Duration {
    let factor = 1_u32.checked_shl(u32::from(failures) - 1).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(LONGEST)
}

fn until(word: u64) -> Duration {
    Duration::from_micros(word & ((1 << TIME) - 1))
}

fn failures(word: u64) -> u8 {
    (word >> TIME) as u8
}

fn pack(failures: u8, until: Duration) -> u64 {
    let micros = u64::try_from(until.as_micros()).unwrap_or(u64::MAX).min((1 << TIME) - 1);
    u64::from(failures.max(1)) << TIME | micros
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Outcome = Outcome::Failed { code: Code::Unavailable, reached: false };

    fn at(millis: u64) -> impl Fn() -> Duration {
        move || Duration::from_millis(millis)
    }

    fn rests(rest: &Rest, now: u64) -> Duration {
        match rest.standing(at(now)) {
            Standing::Resting(left) => left,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refused_call_is_a_rest_that_doubles_up_to_the_limit() {
        let rest = Rest::default();
        assert_eq!(rest.standing(at(0)), Standing::Well);
        let mut now = 0;
        for failure in 0..300_u32 {
            rest.learn(REFUSED, true, at(now));
            let longest = LONGEST.min(FIRST.saturating_mul(1 << failure.min(20)));
            let left = rests(&rest, now);
            assert!(left >= longest / 2 && left <= longest, "failure {failure}: {left:?} of {longest:?}");
            now += 60_000;
            assert_eq!(rest.standing(at(now)), Standing::Due);
        }
        rest.learn(Outcome::Ok, true, at(now));
        assert_eq!(rest.standing(at(now)), Standing::Well);
        rest.learn(REFUSED, false, at(now));
        assert!(rests(&rest, now) <= FIRST, "a success begins anew");
    }

    #[test]
    fn one_has_the_probe_at_a_time() {
        let rest = Rest::default();
        assert!(!rest.claim(at(0)()), "a node that is well needs no probe");
        rest.learn(REFUSED, false, at(0));
        assert!(!rest.claim(at(10)()), "it rests");
        assert!(rest.claim(at(1000)()));
        assert!(!rest.claim(at(1000)()));
        assert!(rests(&rest, 1000) <= PROBE);
        // A probe that says nothing gives the next one its chance at once.
        rest.learn(Outcome::Cancelled, true, at(1500));
        assert!(rest.claim(at(1500)()));
        // A probe that never ends keeps it for a limited time.
        assert!(rest.claim(at(1500)() + PROBE));
    }

    #[test]
    fn calls_that_fail_together_count_once() {
        let rest = Rest::default();
        for _ in 0..100 {
            rest.learn(REFUSED, false, at(0));
        }
        assert!(rests(&rest, 0) <= FIRST);
        // Nor does one that was under way before make it well.
        rest.learn(Outcome::Ok, false, at(1));
        assert!(rests(&rest, 1) <= FIRST);
    }

    #[test]
    fn what_says_nothing_about_reaching_it_does_not_count() {
        for code in [Code::NotFound, Code::Internal, Code::ResourceExhausted, Code::DeadlineExceeded] {
            for reached in [true, false] {
                let rest = Rest::default();
                rest.learn(Outcome::Failed { code, reached }, false, at(0));
                assert_eq!(rest.standing(at(0)), Standing::Well, "{code:?}, {reached}");
            }
        }
        let rest = Rest::default();
        rest.learn(Outcome::Failed { code: Code::Unavailable, reached: true }, false, at(0));
        rest.learn(Outcome::Cancelled, false, at(0));
        assert_eq!(rest.standing(at(0)), Standing::Well);
        // For a probe an error of the business is an answer.
        rest.learn(REFUSED, false, at(0));
        rest.learn(Outcome::Failed { code: Code::NotFound, reached: true }, true, at(200));
        assert_eq!(rest.standing(at(200)), Standing::Well);
    }
}
