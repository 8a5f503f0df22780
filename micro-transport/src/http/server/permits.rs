//! The calls that may run at a time, over all connections of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

/// How many more calls may run. Nobody waits for a place: who finds none is refused.
#[derive(Debug)]
pub(crate) struct Permits(AtomicIsize);

/// A place for a call, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Permits>);

impl Permits {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self(AtomicIsize::new(isize::try_from(most).unwrap_or(isize::MAX))))
    }

    /// A place, if there is one.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Permit> {
        // Below zero for a moment where several find none.
        if self.0.fetch_sub(1, Ordering::AcqRel) > 0 {
            return Some(Permit(self.clone()));
        }
        self.0.fetch_add(1, Ordering::AcqRel);
        None
    }

    /// How many places are free.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn free(&self) -> usize {
        usize::try_from(self.0.load(Ordering::Acquire)).unwrap_or_default()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_there_may_be() {
        let permits = Permits::new(2);
        let (one, two) = (permits.take(), permits.take());
        assert!(one.is_some() && two.is_some() && permits.take().is_none());
        drop(one);
        assert_eq!(permits.free(), 1);
        assert!(permits.take().is_some());
        drop(two);
        assert_eq!(permits.free(), 2);
        assert!(Permits::new(usize::MAX).take().is_some());
    }
}
