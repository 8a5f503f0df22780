//! Running a program for a bounded time.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Doing, Error, Result};
use crate::process;

/// How often a running program is looked at.
const TICK: Duration = Duration::from_millis(5);

/// What a program has said.
pub(super) struct Said {
    pub(super) output: String,
    pub(super) errors: String,
}

/// Runs a program that says little, and kills it when it takes too long.
pub(super) fn run(command: &mut Command, limit: Duration) -> Result<Said> {
    let shown = process::show(command);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().doing(&shown)?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().doing(&shown)? {
            break status;
        }
        if started.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).doing(&shown)?;
            return Err(Error::new(format!("`{shown}` took longer than {limit:?}")));
        }
        std::thread::sleep(TICK);
    };
    let (mut output, mut errors) = (String::new(), String::new());
    if let (Some(mut from), Some(mut beside)) = (child.stdout.take(), child.stderr.take()) {
        from.read_to_string(&mut output).doing(&shown)?;
        beside.read_to_string(&mut errors).doing(&shown)?;
    }
    if status.success() {
        return Ok(Said { output, errors });
    }
    Err(Error::new(format!("`{shown}`: {status}\n{}", errors.trim())))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Duration;

    use super::run;

    fn bash(script: &str, limit: Duration) -> Result<(String, String), String> {
        run(Command::new("bash").args(["-c", script]), limit)
            .map(|said| (said.output, said.errors))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn takes_what_is_said_and_tells_failures() {
        let long = Duration::from_secs(30);
        assert_eq!(bash("echo a; echo b >&2", long), Ok(("a\n".to_owned(), "b\n".to_owned())));
        assert!(bash("echo why >&2; exit 3", long).unwrap_err().contains("why"));
    }

    #[test]
    fn what_takes_too_long_is_killed() {
        let error = bash("exec sleep 600", Duration::from_millis(50)).unwrap_err();
        assert!(error.contains("took longer"), "{error}");
    }
}
