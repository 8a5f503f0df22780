//! What `/proc` says of a process.

use micro::{Error, Result};

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Its memory that is in RAM (RSS), in bytes.
    pub memory: u64,
    /// How many threads it has.
    pub threads: usize,
    /// How many descriptors it has open: files, sockets, timers.
    pub descriptors: usize,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It runs, or waits for something.
    Running,
    /// It stands still: [`Signal::Stop`](super::Signal::Stop).
    Stopped,
    /// It has ended, and was not waited for yet.
    Ended,
}

impl Usage {
    pub(super) fn of(pid: i32) -> Result<Self> {
        let status = read(pid, "status")?;
        let field = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.split_whitespace().next()?.parse::<u64>().ok()
        };
        let gone = || Error::failed_precondition(format!("process {pid} has ended"));
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).map_err(|_| gone())?.count();
        Ok(Self {
            memory: field("VmRSS:").ok_or_else(gone)? * 1024,
            threads: field("Threads:").and_then(|count| usize::try_from(count).ok()).ok_or_else(gone)?,
            descriptors,
        })
    }

    /// What this process uses.
    ///
    /// # Errors
    /// `FailedPrecondition` where there is no `/proc`.
    pub fn of_self() -> Result<Self> {
        Self::of(std::process::id().cast_signed())
    }
}

impl State {
    pub(super) fn of(pid: i32) -> Result<Self> {
        let stat = read(pid, "stat")?;
        // The name before it is in parentheses, and may have some itself.
        let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
        Ok(match state {
            Some('T' | 't') => Self::Stopped,
            Some('Z' | 'X' | 'x') => Self::Ended,
            _ => Self::Running,
        })
    }
}

fn read(pid: i32, file: &str) -> Result<String> {
    std::fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(|error| {
        Error::failed_precondition(format!("process {pid} has ended: {error}")).with_source(error)
    })
}
