//! Finding what a check has started, so that nothing outlives it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::TICK;

/// The variable that marks the processes of a check.
const VARIABLE: &str = "XTASK_EXAMPLE";

/// A value in the environment of a check that everything it starts inherits. Unlike process groups and parents it
/// also finds daemons, and leaves Ctrl-C to work as usual.
pub(super) struct Mark {
    entry: String,
}

impl Mark {
    /// A mark that no other run has.
    pub(super) fn new(example: &str) -> Self {
        Self { entry: format!("{VARIABLE}={example}-{}", std::process::id()) }
    }

    /// Marks what a command will start.
    pub(super) fn put_on(&self, command: &mut Command) {
        let value = self.entry.split_once('=').map_or("", |(_, value)| value);
        command.env(VARIABLE, value);
    }

    /// Waits for all marked processes to end, kills those that have not within the time, each by its id, and returns
    /// their names.
    pub(super) fn stop_all(&self, within: Duration) -> Vec<String> {
        let deadline = Instant::now() + within;
        let mut left = self.running();
        if left.is_empty() {
            // A process that is just becoming another program has no environment for a moment.
            std::thread::sleep(TICK);
            left = self.running();
        }
        while !left.is_empty() && Instant::now() < deadline {
            std::thread::sleep(TICK);
            left = self.running();
        }
        for (id, _) in &left {
            // A failure means that it has ended by itself in the meantime. The builtin of bash needs no package.
            let _ = Command::new("bash").args(["-c", "kill -KILL \"$0\"", id]).output();
        }
        left.into_iter().map(|(id, name)| format!("{name} ({id})")).collect()
    }

    /// The marked processes: id and name. Empty where there is no `/proc`.
    fn running(&self) -> Vec<(String, String)> {
        let Ok(processes) = PathBuf::from("/proc").read_dir() else { return Vec::new() };
        let mut found = Vec::new();
        for process in processes.flatten() {
            let id = process.file_name().to_string_lossy().into_owned();
            // Processes of others cannot be read, and ended ones have no environment: neither is ours to stop.
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|entry| entry == self.entry.as_bytes()) {
                let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                found.push((id, name.trim().to_owned()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Duration, Mark};

    #[test]
    fn an_orphan_is_found_and_stopped() {
        let mark = Mark::new("orphan");
        let mut command = Command::new("bash");
        command.args(["-c", "(sleep 300 >/dev/null 2>&1 &) ; exit 0"]);
        mark.put_on(&mut command);
        assert!(command.status().unwrap().success());

        let left = mark.stop_all(Duration::ZERO);
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(mark.stop_all(Duration::from_secs(10)), Vec::<String>::new());
    }

    #[test]
    fn unmarked_processes_are_left_alone() {
        let mut other = Command::new("sleep").arg("300").spawn().unwrap();
        assert!(Mark::new("nothing-has-this").stop_all(Duration::ZERO).is_empty());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
