//! Counting tests.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed and failed. Prints as the closing line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Reads a line `test result: ok. 3 passed; 0 failed; 1 ignored; ..` of a test program.
    pub(crate) fn from_test_result(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = counts.split("; ");
        let passed = counts.next()?.strip_suffix(" passed")?.parse().ok()?;
        let failed = counts.next()?.strip_suffix(" failed")?.parse().ok()?;
        Some(Self { passed, failed })
    }

    /// Reads a closing line as it is printed here.
    pub(crate) fn from_closing_line(line: &str) -> Option<Self> {
        let (passed, failed) = line.split_once(", ")?;
        let passed = passed.strip_suffix(" passed")?.parse().ok()?;
        let failed = failed.strip_suffix(" failed")?.parse().ok()?;
        Some(Self { passed, failed })
    }

    /// Makes sure that a run which went wrong counts as a failure, also when no test says so: a test program that
    /// did not compile, or that was killed, prints no result.
    #[must_use]
    pub(crate) fn with_success(mut self, success: bool) -> Self {
        if !success && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn reads_the_lines_of_test_programs() {
        let good =
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        let bad =
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(Tally::from_test_result(good), Some(Tally { passed: 12, failed: 0 }));
        assert_eq!(Tally::from_test_result(bad), Some(Tally { passed: 3, failed: 2 }));
        assert_eq!(Tally::from_test_result("test tally::tests ... ok"), None);
        assert_eq!(Tally::from_test_result("test result: ok. many passed; 0 failed"), None);
    }

    #[test]
    fn reads_what_it_prints() {
        let tally = Tally { passed: 7, failed: 1 };
        assert_eq!(Tally::from_closing_line(&tally.to_string()), Some(tally));
        assert_eq!(Tally::from_closing_line("7 passed"), None);
        assert_eq!(Tally::from_closing_line("all passed, 0 failed"), None);
    }

    #[test]
    fn a_run_that_broke_off_is_a_failure() {
        let passed = Tally { passed: 5, failed: 0 };
        assert_eq!(passed.with_success(true), passed);
        assert_eq!(passed.with_success(false).failed, 1);
        assert_eq!(Tally { passed: 0, failed: 3 }.with_success(false).failed, 3);
    }
}
