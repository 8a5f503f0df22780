//! A server that runs while it is measured.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::rows::Runtime;
use crate::cargo;
use crate::error::{Doing, Error, Result};

/// A server process. It ends when its standard input is closed, however we end.
pub(super) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(super) address: String,
    /// Its own, where it was started by another program.
    pub(super) pid: u32,
}

impl Server {
    /// Starts a server and waits until it listens.
    pub(super) fn start(program: &Path, runtime: Runtime) -> Result<Self> {
        Self::start_by(&mut Command::new(program), runtime)
    }

    /// Starts it with a program in front of it, which has its path as its last argument.
    pub(super) fn start_by(command: &mut Command, runtime: Runtime) -> Result<Self> {
        cargo::clean_environment(command);
        command.args(["server", "--runtime", runtime.name()]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().doing("starting a server")?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).doing("reading what a server says")?;
        }
        match ready(&line) {
            Some((address, pid)) => Ok(Self { child, stdin, address: address.to_owned(), pid }),
            None => {
                let status = child.kill().and_then(|()| child.wait()).doing("ending a server")?;
                Err(Error::new(format!("a server said `{}` and ended with {status}", line.trim())))
            }
        }
    }

    /// Tells it to end, and waits for that.
    pub(super) fn stop(mut self) -> Result {
        self.stdin = None;
        self.child.wait().doing("waiting for a server").map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin = None;
        if let Err(error) = self.child.wait() {
            eprintln!("waiting for a server: {error}");
        }
    }
}

/// Reads `READY ADDRESS PID`.
fn ready(line: &str) -> Option<(&str, u32)> {
    let (address, pid) = line.trim().strip_prefix("READY ")?.split_once(' ')?;
    Some((address, pid.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ready;

    #[test]
    fn reads_the_line_of_a_server() {
        assert_eq!(ready("READY 127.0.0.1:4000 77\n"), Some(("127.0.0.1:4000", 77)));
        assert_eq!(ready("READY 127.0.0.1:4000\n"), None);
        assert_eq!(ready(""), None);
    }
}
