use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use micro::Code;

use super::{Outcome, Record};

/// What became of the calls of a run, each of them, in the order in which they were due.
///
/// It prints itself in one line; with `{:#}` also the failures, the nodes and the tenths of a second that were bad.
#[derive(Debug, Default)]
pub struct Account {
    records: Vec<Record>,
}

/// The calls that failed in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failures {
    /// The code of their errors.
    pub code: Code,
    /// Whether a handler can have seen them.
    pub reached: bool,
    /// How many they are.
    pub count: usize,
    /// When the first and the last of them were due.
    pub due: (Duration, Duration),
    /// What the error of the first says.
    pub detail: String,
}

/// The calls that were due within a piece of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// When it begins, from the start of the run.
    pub start: Duration,
    /// How many calls were sent.
    pub sent: usize,
    /// How many of these were answered.
    pub answered: usize,
}

impl Account {
    pub(super) const fn new(records: Vec<Record>) -> Self {
        Self { records }
    }

    /// Each call, by its number.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many calls were sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.count(Record::is_sent)
    }

    /// How many were answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.count(Record::is_answered)
    }

    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|record| record.error().is_some())
    }

    /// How many failed with this code.
    #[must_use]
    pub fn failed_with(&self, code: Code) -> usize {
        self.count(|record| record.error().is_some_and(|error| error.code() == code))
    }

    /// How many were still open when the generator's patience ended.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.count(|record| matches!(record.outcome, Outcome::Unanswered))
    }

    /// How many were never sent, because too many were open when they were due.
    #[must_use]
    pub fn held_back(&self) -> usize {
        self.count(|record| !record.is_sent())
    }

    /// How many calls are as `wanted` says.
    #[must_use]
    pub fn count(&self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.records.iter().filter(|record| wanted(record)).count()
    }

    /// The account of the calls that were due in a part of the run: what came after its second second is
    /// `account.part(Duration::from_secs(2)..Duration::MAX)`.
    #[must_use]
    pub fn part(mut self, due: Range<Duration>) -> Self {
        self.records.retain(|record| due.contains(&record.due));
        self
    }

    /// Puts the calls of another run into this account.
    pub fn merge(&mut self, other: Self) {
        self.records.extend(other.records);
    }

    /// The failures, by code and by whether a handler can have seen the call, the most frequent first.
    #[must_use]
    pub fn failures(&self) -> Vec<Failures> {
        let mut kinds: Vec<Failures> = Vec::new();
        for record in &self.records {
            let Some(error) = record.error() else { continue };
            let (code, reached) = (error.code(), error.reached());
            match kinds.iter_mut().find(|kind| (kind.code, kind.reached) == (code, reached)) {
                Some(kind) => {
                    kind.count += 1;
                    kind.due.1 = record.due;
                }
                None => kinds.push(Failures {
                    code,
                    reached,
                    count: 1,
                    due: (record.due, record.due),
                    detail: error.detail().to_owned(),
                }),
            }
        }
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        kinds
    }

    /// How many calls each node answered, and how many were sent to it and failed.
    #[must_use]
    pub fn nodes(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut nodes = BTreeMap::<_, (usize, usize)>::new();
        for record in &self.records {
            if let Some(node) = record.node() {
                let (answered, failed) = nodes.entry(node).or_default();
                *(if record.is_answered() { answered } else { failed }) += 1;
            }
        }
        nodes
    }

    /// The time within which this part of the answers came, of 1: `latency(0.99)`. Zero when there were none.
    #[must_use]
    pub fn latency(&self, part: f64) -> Duration {
        let mut times: Vec<_> = self.records.iter().filter(|record| record.is_answered()).collect();
        times.sort_unstable_by_key(|record| record.took);
        let rank = (part * times.len() as f64).ceil() as usize;
        times.get(rank.clamp(1, times.len().max(1)) - 1).map_or(Duration::ZERO, |record| record.took)
    }

    /// The answer that took longest.
    #[must_use]
    pub fn slowest(&self) -> Option<&Record> {
        self.records.iter().filter(|record| record.is_answered()).max_by_key(|record| record.took)
    }

    /// The run in pieces of time of this width, by when calls were due; those in which none was are not there.
    #[must_use]
    pub fn buckets(&self, width: Duration) -> Vec<Bucket> {
        let width = width.as_micros().max(1);
        let mut buckets = BTreeMap::<u128, Bucket>::new();
        for record in &self.records {
            let index = record.due.as_micros() / width;
            let bucket = buckets.entry(index).or_default();
            bucket.start = Duration::from_micros(u64::try_from(index * width).unwrap_or(u64::MAX));
            bucket.sent += usize::from(record.is_sent());
            bucket.answered += usize::from(record.is_answered());
        }
        buckets.into_values().collect()
    }
}
