use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use micro::{Error, Result};

use super::Account;

/// How often the handler of each call ran, by the handlers' own count.
///
/// Handlers in the same process share one. Those of other processes write theirs to a [`file`](Self::file), which
/// holds what was recorded before a `kill -9`, and which the test [`read`](Self::read)s and [`merge`](Self::merge)s.
#[derive(Debug, Default)]
pub struct Ledger {
    runs: Mutex<BTreeMap<u64, u32>>,
    file: Option<File>,
}

impl Ledger {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that writes everything to the end of a file too. Several processes may write to the same file.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened.
    pub fn file(path: impl AsRef<Path>) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path.as_ref());
        let file = file.map_err(|error| failed("open", path.as_ref(), error))?;
        Ok(Self { file: Some(file), ..Self::default() })
    }

    /// What processes wrote to a file. One that is not there is empty: nobody wrote.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be read, and `DataLoss` when it is no ledger.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let bytes = match std::fs::read(path.as_ref()) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|error| failed("read", path.as_ref(), error))?,
        };
        let (numbers, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(Error::data_loss(format!("{} is no ledger", path.as_ref().display())));
        }
        let ledger = Self::new();
        for number in numbers {
            ledger.add(u64::from_le_bytes(*number), 1);
        }
        Ok(ledger)
    }

    /// Records that a call's handler runs: the first thing that it does.
    ///
    /// # Panics
    /// When the file cannot be written: an account that lacks something is worth nothing.
    pub fn record(&self, call: u64) {
        self.add(call, 1);
        if let Some(mut file) = self.file.as_ref() {
            let written = file.write(&call.to_le_bytes());
            assert!(matches!(written, Ok(8)), "the ledger cannot be written: {written:?}");
        }
    }

    /// Adds what another ledger counted.
    pub fn merge(&self, other: &Self) {
        for (call, runs) in other.all() {
            self.add(call, runs);
        }
    }

    /// How often the handler of a call ran.
    #[must_use]
    pub fn runs(&self, call: u64) -> u32 {
        self.locked().get(&call).copied().unwrap_or(0)
    }

    /// How often handlers ran, all together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.locked().values().map(|runs| u64::from(*runs)).sum()
    }

    /// The calls whose handler ran more than once.
    #[must_use]
    pub fn executed_twice(&self) -> Vec<u64> {
        self.all().into_iter().filter(|(_, runs)| *runs > 1).map(|(call, _)| call).collect()
    }

    /// The calls whose handler ran though the caller has no answer.
    #[must_use]
    pub fn never_answered_but_ran(&self, account: &Account) -> Vec<u64> {
        let runs = self.locked();
        let silent = account.records().iter().filter(|record| !record.is_answered());
        silent.map(|record| record.call).filter(|call| runs.contains_key(call)).collect()
    }

    /// Each call whose handler ran, and how often.
    #[must_use]
    pub fn all(&self) -> BTreeMap<u64, u32> {
        self.locked().clone()
    }

    fn add(&self, call: u64, runs: u32) {
        *self.locked().entry(call).or_default() += runs;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, u32>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::unavailable(format!("cannot {what} the ledger {}: {error}", path.display())).with_source(error)
}
