//! Processes that a test starts, signals, watches and starts again.
//!
//! ```
//! use std::process::Command;
//! use std::time::Duration;
//! use micro_testing::{Process, Signal};
//!
//! # #[tokio::main]
//! # async fn main() -> micro::Result<()> {
//! let mut command = Command::new("sh");
//! command.args(["-c", "echo listening on 4711; exec sleep 60"]);
//!
//! let second = Duration::from_secs(10);
//! let mut process = Process::spawn(command)?;
//! let port = process.line(second, |line| line.strip_prefix("listening on ").map(str::to_owned)).await?;
//! assert_eq!(port, "4711");
//!
//! process.signal(Signal::Terminate)?;
//! assert_eq!(process.wait(second).await?.code(), None, "a signal ended it");
//! process.restart().await?;
//! # Ok(())
//! # }
//! ```

mod cpus;
mod ignored;
mod output;
mod usage;

use std::process::{Command as StdCommand, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use micro::{Error, Result};
use rustix::process::{Pid, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

pub use self::cpus::pin_self;
use self::output::Output;
pub use self::output::{Line, Stream};
pub use self::usage::{State, Usage};

/// How long a process that was killed is waited for: only one that hangs in the kernel takes longer.
const KILLED: Duration = Duration::from_secs(5);

/// How long the output of a process that has ended is read for: somebody else may hold it.
const READ: Duration = Duration::from_secs(1);

/// A process and what it prints. It is killed when this is dropped, also when it is stopped by a signal.
/// What it starts itself is its own affair: let shells `exec` what they run.
///
/// Its standard input is empty, and it hears SIGTERM and SIGINT also where its parent is deaf to them, as behind `&` in
/// a script: the parent then goes on as before. Its output is kept up to 4 MiB, the newest; lines above 16 KiB are cut.
#[derive(Debug)]
pub struct Process {
    name: String,
    command: Command,
    cpus: Vec<usize>,
    child: Child,
    output: Output,
}

/// What a process is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// SIGTERM: end in order.
    Terminate,
    /// SIGINT: what Ctrl-C sends.
    Interrupt,
    /// SIGKILL: the process is gone before it knows.
    Kill,
    /// SIGSTOP: it stands still until [`Continue`](Self::Continue), with its sockets open.
    Stop,
    /// SIGCONT: it goes on.
    Continue,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be started.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
    pub fn spawn(command: StdCommand) -> Result<Self> {
        Self::spawn_on(&[], command)
    }

    /// Starts a program that runs on these CPUs only, by their numbers from 0. It is started there, so that it finds
    /// as many as it has. None means all.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be started, `InvalidArgument` when there is no such CPU.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
    pub fn spawn_on(cpus: &[usize], command: StdCommand) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut command = Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = start(&name, &mut command, cpus)?;
        let output = Output::of(&mut child);
        Ok(Self { name, command, cpus: cpus.to_vec(), child, output })
    }

    /// Its number. None when it has ended and was waited for.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has ended.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(self.pid()?, signal.into())
            .map_err(|error| Error::failed_precondition(format!("cannot signal {}: {error}", self.name)))
    }

    /// How it ended, when it has.
    ///
    /// # Errors
    /// `Internal` when the system does not tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().map_err(|error| lost(&self.name, error))
    }

    /// Waits for its end. What it printed is read to the end when this returns, unless a process that it started holds
    /// its output for more than a second longer.
    ///
    /// # Errors
    /// `DeadlineExceeded` when it still runs after `limit`; the error says what it printed last.
    pub async fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        match timeout(limit, self.child.wait()).await {
            Ok(ended) => {
                self.output.closed(READ).await;
                ended.map_err(|error| lost(&self.name, error))
            }
            Err(_) => Err(self.says(format!("{} still runs after {limit:?}", self.name))),
        }
    }

    /// Kills it if it runs, and starts the same program again, with the same arguments, environment and CPUs. What it
    /// printed before stays in its [`lines`](Self::lines).
    ///
    /// # Errors
    /// `Unavailable` when it cannot be started.
    pub async fn restart(&mut self) -> Result<()> {
        if self.ended()?.is_none() {
            self.signal(Signal::Kill)?;
            self.wait(KILLED).await?;
        }
        self.child = start(&self.name, &mut self.command, &self.cpus)?;
        self.output.next_run(&mut self.child);
        Ok(())
    }

    /// Waits until it has printed a line that `wanted` makes something of, on either stream, since it was last started.
    ///
    /// # Errors
    /// `DeadlineExceeded` when no such line came within `limit`, and `Unavailable` when the process closed its output
    /// without one; the error says what it printed last.
    pub async fn line<T>(&self, limit: Duration, mut wanted: impl FnMut(&str) -> Option<T>) -> Result<T> {
        let end = Instant::now() + limit;
        let mut changes = self.output.changes();
        let mut next = 0;
        loop {
            let closed = self.output.is_closed();
            let found = self.output.look(&mut next, &mut wanted);
            if let Some(found) = found {
                return Ok(found);
            }
            if closed {
                let text = format!("{} ended its output without the line that was waited for", self.name);
                return Err(Error::unavailable(self.output.tail(text)));
            }
            if timeout_at(end, changes.changed()).await.is_err() {
                return Err(self.says(format!("{} did not print the line within {limit:?}", self.name)));
            }
        }
    }

    /// What it printed, of all its runs, the oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.output.lines()
    }

    /// What it uses now: memory, threads, descriptors.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has ended.
    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.pid()?.as_raw_pid())
    }

    /// What it does now.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has ended.
    pub fn state(&self) -> Result<State> {
        State::of(self.pid()?.as_raw_pid())
    }

    fn pid(&self) -> Result<Pid> {
        let id = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        id.ok_or_else(|| Error::failed_precondition(format!("{} has ended", self.name)))
    }

    fn says(&self, text: String) -> Error {
        Error::deadline_exceeded(self.output.tail(text))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Waited for here, so that what it held (its port, its memory) is free when the drop is done.
        if self.child.start_kill().is_ok() {
            let end = std::time::Instant::now() + KILLED;
            while matches!(self.child.try_wait(), Ok(None)) && std::time::Instant::now() < end {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

impl From<Signal> for rustix::process::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Terminate => Self::TERM,
            Signal::Interrupt => Self::INT,
            Signal::Kill => Self::KILL,
            Signal::Stop => Self::STOP,
            Signal::Continue => Self::CONT,
        }
    }
}

fn start(name: &str, command: &mut Command, cpus: &[usize]) -> Result<Child> {
    ignored::heed()?;
    cpus::on(cpus, || command.spawn())?
        .map_err(|error| Error::unavailable(format!("cannot start {name}: {error}")).with_source(error))
}

fn lost(name: &str, error: std::io::Error) -> Error {
    Error::internal(format!("cannot wait for {name}: {error}")).with_source(error)
}
