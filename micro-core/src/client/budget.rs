//! How many retries a service's callers may add to its load.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::{Name, NameMap};

/// A call earns this share of a retry unless something else is said.
const SHARE: f64 = 0.1;
/// What one retry costs.
const RETRY: u32 = 1_000;
/// The retries that are lent at the start, so that a client's first calls can be tried again. The calls that follow pay
/// them back before they earn any.
const LENT: u32 = 10 * RETRY;
/// The most that is kept for later: a client that was well for an hour must not flood a service that falls over.
const MOST: u32 = 100 * RETRY;
/// Beside what is earned, calls that reached nobody may be tried again this often, as they cost a service that is there
/// nothing: this many at once, and one each [`SPARE_EVERY`].
const SPARE: u32 = 100;
const SPARE_EVERY: Duration = Duration::from_millis(100);
/// Budgets of more services than these are not remembered: names may come from outside.
const REMEMBERED: usize = 4_096;

/// The retries that may be made of calls to one service: a bucket of tokens that calls fill and retries empty.
pub(super) struct Budget {
    /// What a call earns, in thousandths of a retry.
    share: u32,
    earned: AtomicU32,
    /// What is lent and not paid back.
    owed: AtomicU32,
    born: Instant,
    /// When the spare retries are all there again, in microseconds since `born`.
    spare: AtomicU64,
}

impl Budget {
    fn new(share: u32) -> Self {
        // Who wants no retries is lent none.
        let lent = if share == 0 { 0 } else { LENT };
        Self {
            share,
            earned: AtomicU32::new(lent),
            owed: AtomicU32::new(lent),
            born: Instant::now(),
            spare: AtomicU64::new(0),
        }
    }

    /// A call is made, whatever becomes of it.
    pub(super) fn deposit(&self) {
        let owed = self.owed.load(Ordering::Relaxed);
        if owed > 0 {
            // Where two pay at once one is not counted, which nobody misses.
            let left = owed.saturating_sub(self.share);
            let _ = self.owed.compare_exchange(owed, left, Ordering::Relaxed, Ordering::Relaxed);
            return;
        }
        let earned = self.earned.load(Ordering::Relaxed);
        // Read first: a line that all callers write would travel from core to core.
        if earned < MOST {
            let more = earned.saturating_add(self.share).min(MOST);
            let _ = self.earned.compare_exchange(earned, more, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Takes a retry out; `false` when there is none. `reached`: a handler may have seen the call.
    pub(super) fn withdraw(&self, reached: bool) -> bool {
        let taken = self
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |earned| earned.checked_sub(RETRY));
        taken.is_ok() || (!reached && self.share > 0 && self.withdraw_spare(self.born.elapsed()))
    }

    /// Takes a spare one: their refill is a moment in the future, which each moves on.
    fn withdraw_spare(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let every = u64::try_from(SPARE_EVERY.as_micros()).unwrap_or(u64::MAX);
        let most = now.saturating_add(every * u64::from(SPARE));
        let next = |full: u64| Some(full.max(now).saturating_add(every)).filter(|next| *next <= most);
        self.spare.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

/// The budgets of a client, one for each service.
pub(super) struct Budgets {
    share: u32,
    /// The service that was called first, and is most of the time: it is found without a lock, by the hash of its name.
    /// Another one with the same would share its budget, which harms nobody.
    first: OnceLock<(u64, Arc<Budget>)>,
    known: RwLock<NameMap<Arc<Budget>>>,
}

impl Budgets {
    /// Budgets of this share of the calls.
    pub(super) fn new(share: f64) -> Self {
        // In thousandths; what is no number is none.
        let share = (share.clamp(0.0, 1.0) * f64::from(RETRY)).round() as u32;
        Self { share, first: OnceLock::new(), known: RwLock::default() }
    }

    /// A call to a service is made, whatever becomes of it.
    pub(super) fn deposit(&self, service: Name<'_>) {
        match self.first(service) {
            Some(budget) => budget.deposit(),
            None => self.of(service).deposit(),
        }
    }

    /// The budget of a service.
    pub(super) fn of(&self, service: Name<'_>) -> Arc<Budget> {
        if let Some(budget) = self.first(service) {
            return budget.clone();
        }
        if let Some(budget) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(service) {
            return budget.clone();
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        if let Some(budget) = known.get(service) {
            return budget.clone();
        }
        let budget = Arc::new(Budget::new(self.share));
        known.insert(service.as_str(), budget.clone());
        budget
    }

    /// The budget of a service, if it is the first one.
    fn first(&self, service: Name<'_>) -> Option<&Arc<Budget>> {
        let first = || (service.hash(), Arc::new(Budget::new(self.share)));
        let (hash, budget) = self.first.get_or_init(first);
        (*hash == service.hash()).then_some(budget)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.read().unwrap().len() + usize::from(self.first.get().is_some())
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self::new(SHARE)
    }
}

impl Debug for Budgets {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budgets").field("share", &self.share).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many retries `calls` get that all fail and would be tried again twice.
    fn retries(budget: &Budget, calls: usize) -> usize {
        let one = |_| {
            budget.deposit();
            (0..2).filter(|_| budget.withdraw(true)).count()
        };
        (0..calls).map(one).sum()
    }

    #[test]
    fn retries_are_a_tenth_of_the_calls() {
        let budgets = Budgets::default();
        assert_eq!(retries(&budgets.of(Name::new("a")), 1_000), 100);
        assert_eq!(retries(&budgets.of(Name::new("a")), 10_000), 1_000);
        assert_eq!(retries(&budgets.of(Name::new("b")), 5), 10, "the first ones are lent, to each service");
        assert_eq!(retries(&Budgets::new(0.5).of(Name::new("a")), 1_000), 500);
        assert_eq!(retries(&Budgets::new(0.0).of(Name::new("a")), 1_000), 0);
        assert_eq!(retries(&Budgets::new(f64::NAN).of(Name::new("a")), 1_000), 0);
    }

    #[test]
    fn what_is_saved_is_limited() {
        let budget = Budgets::default().of(Name::new("a"));
        (0..1_000_000).for_each(|_| budget.deposit());
        assert_eq!((0..1_000).filter(|_| budget.withdraw(true)).count(), 100);
    }

    #[test]
    fn what_reached_nobody_has_some_to_spare() {
        let budget = Budget::new(100);
        assert_eq!((0..10).filter(|_| budget.withdraw(true)).count(), 10);
        assert!(!budget.withdraw(true));
        let at = Duration::from_secs(1);
        assert_eq!((0..1_000).filter(|_| budget.withdraw_spare(at)).count(), 100);
        assert_eq!((0..1_000).filter(|_| budget.withdraw_spare(at + Duration::from_secs(1))).count(), 10);
        assert_eq!(
            (0..1_000).filter(|_| budget.withdraw_spare(at + Duration::from_secs(3_600))).count(),
            100
        );
        assert!(!budget.withdraw(true), "they are not for calls that a handler may have seen");
    }

    #[test]
    fn names_from_outside_do_not_fill_the_memory() {
        let budgets = Budgets::default();
        for name in 0..10_000 {
            let _ = budgets.of(Name::new(&name.to_string()));
        }
        assert!(budgets.len() <= REMEMBERED + 1);
    }
}
