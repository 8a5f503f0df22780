use std::fmt::{self, Display, Formatter};

use super::{Account, Ledger};

/// Where a generator's account and the handlers' ledger contradict each other: the numbers of the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Findings {
    /// Answered, though no handler ran.
    pub answered_without_run: Vec<u64>,
    /// The handler ran more than once. Right for endpoints that are idempotent, and for no other.
    pub ran_twice: Vec<u64>,
    /// The error says that the call reached no handler, and one ran.
    pub not_reached_but_ran: Vec<u64>,
    /// A handler ran for a call that this account does not know, or never sent.
    pub ran_unsent: Vec<u64>,
}

impl Account {
    /// Compares what callers saw with what handlers did. The ledger has to hold the calls of this account only.
    #[must_use]
    pub fn check(&self, ledger: &Ledger) -> Findings {
        let mut left = ledger.all();
        let mut findings = Findings { ran_twice: ledger.executed_twice(), ..Findings::default() };
        for record in self.records().iter().filter(|record| record.is_sent()) {
            let ran = left.remove(&record.call).is_some();
            if record.is_answered() && !ran {
                findings.answered_without_run.push(record.call);
            }
            if ran && record.error().is_some_and(|error| !error.reached()) {
                findings.not_reached_but_ran.push(record.call);
            }
        }
        findings.ran_unsent = left.into_keys().collect();
        findings
    }
}

impl Findings {
    /// Whether there is none.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.kinds().iter().all(|(_, calls)| calls.is_empty())
    }

    fn kinds(&self) -> [(&'static str, &[u64]); 4] {
        [
            ("answered but never ran", &self.answered_without_run),
            ("ran more than once", &self.ran_twice),
            ("ran though said not to be reached", &self.not_reached_but_ran),
            ("ran though never sent", &self.ran_unsent),
        ]
    }
}

/// One line: how many of each kind, and the first numbers.
impl Display for Findings {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("account and ledger agree");
        }
        let mut separator = "";
        for (kind, calls) in self.kinds().iter().filter(|(_, calls)| !calls.is_empty()) {
            let first: Vec<_> = calls.iter().take(5).map(u64::to_string).collect();
            let more = if calls.len() > first.len() { ", .." } else { "" };
            write!(f, "{separator}{} {kind} (calls {}{more})", calls.len(), first.join(", "))?;
            separator = "; ";
        }
        Ok(())
    }
}
