//! The account, for people.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Account, Failures};

/// How many bad pieces of time are printed.
const BAD: usize = 20;

impl Display for Account {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} sent, {} answered, {} failed", self.sent(), self.answered(), self.failed())?;
        if self.unanswered() > 0 {
            write!(f, ", {} unanswered", self.unanswered())?;
        }
        if self.held_back() > 0 {
            write!(f, ", {} held back", self.held_back())?;
        }
        let [half, most, all] = [0.5, 0.99, 1.0].map(|part| self.latency(part));
        write!(f, "; p50 {half:.1?}, p99 {most:.1?}, slowest {all:.1?}")?;
        if !f.alternate() {
            for kind in self.failures() {
                write!(f, "; {} {}", kind.count, kind.name())?;
            }
            return Ok(());
        }
        for kind in self.failures() {
            let (first, last) = kind.due;
            write!(f, "\n  {} {}, due from {first:.1?} to {last:.1?}", kind.count, kind.name())?;
            write!(f, ", the first: {}", kind.detail)?;
        }
        // Answers need not tell their node, and failures alone would look as if it did nothing else.
        let nodes = self.nodes();
        let told = nodes.values().any(|(answered, _)| *answered > 0) || self.answered() == 0;
        for (node, (answered, failed)) in nodes.into_iter().filter(|_| told) {
            write!(f, "\n  node {node}: {answered} answered, {failed} failed")?;
        }
        let buckets = self.buckets(Duration::from_millis(100));
        let bad: Vec<_> = buckets.iter().filter(|bucket| bucket.answered < bucket.sent).collect();
        for bucket in bad.iter().take(BAD) {
            write!(f, "\n  at {:.1?}: {} sent, {} answered", bucket.start, bucket.sent, bucket.answered)?;
        }
        if bad.len() > BAD {
            write!(f, "\n  and {} more tenths of a second with failures", bad.len() - BAD)?;
        }
        Ok(())
    }
}

impl Failures {
    fn name(&self) -> String {
        let reached = if self.reached { "" } else { " (not reached)" };
        format!("{}{reached}", self.code)
    }
}
