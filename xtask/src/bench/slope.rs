//! What one call costs: the slope between two numbers of calls, in which whatever happens once drops out.

/// Counts at two numbers of calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope {
    pub(super) few: (u64, u64),
    pub(super) many: (u64, u64),
}

impl Slope {
    /// The count per call; `(calls, count)` each.
    pub(super) fn per_call(self) -> f64 {
        let calls = self.many.0.saturating_sub(self.few.0).max(1);
        (self.many.1 as f64 - self.few.1 as f64) / calls as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Slope;

    #[test]
    fn what_happens_once_drops_out() {
        let slope = Slope { few: (1_000, 1_000_000 + 5_500_000), many: (5_000, 1_000_000 + 27_500_000) };
        assert_eq!(slope.per_call(), 5_500.0);
        assert_eq!(Slope { few: (1, 10), many: (3, 8) }.per_call(), -1.0);
    }
}
