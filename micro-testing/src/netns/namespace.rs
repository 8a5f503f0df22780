use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use micro::{Error, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace without a name, which a process holds that ends with us: it reads a pipe of ours to its end, so
/// that nothing is left behind even when we are killed.
#[derive(Debug)]
pub(super) struct Namespace {
    holder: Child,
}

impl Namespace {
    pub(super) fn new() -> Result<Self> {
        let mut command = Command::new("unshare");
        command.args(["--net", "--", "sh", "-c", "echo made; exec cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let holder = command.spawn().map_err(|error| missing("unshare", &error))?;
        let mut namespace = Self { holder };
        // It is in the namespace once it says so.
        let mut made = [0; 5];
        let read = namespace.holder.stdout.take().map(|mut output| output.read_exact(&mut made));
        if matches!(read, Some(Ok(()))) {
            return Ok(namespace);
        }
        let mut why = String::new();
        if let Some(errors) = &mut namespace.holder.stderr {
            // What it says is best known; nothing is said of what it does not say.
            let _ = errors.read_to_string(&mut why);
        }
        Err(failed(format!("cannot make a network namespace, which needs root: {}", why.trim())))
    }

    /// The process that holds it, which stands for it where namespaces are named by a process.
    pub(super) fn id(&self) -> u32 {
        self.holder.id()
    }

    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path().display())).arg("--").arg(program);
        command
    }

    /// Runs a program in it whose arguments have no spaces.
    pub(super) fn run(&self, program: &str, arguments: &str) -> Result<()> {
        let mut command = self.command(program);
        let output = command.args(arguments.split(' ')).stdin(Stdio::null()).output();
        let output = output.map_err(|error| missing("nsenter", &error))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr);
        Err(failed(format!("`{program} {arguments}` failed in a network namespace: {}", why.trim())))
    }

    pub(super) fn enter<T: Send>(&self, act: impl FnOnce() -> T + Send) -> Result<T> {
        let path = self.path();
        let inside = move || {
            let entered = File::open(path).and_then(|file| {
                Ok(move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?)
            });
            entered.map_err(|error| failed(format!("cannot enter a network namespace: {error}")))?;
            Ok(act())
        };
        // A thread of its own, since a thread stays where it is.
        thread::scope(|scope| scope.spawn(inside).join()).unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn path(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.holder.id()).into()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // It fails only when the holder has ended already, which is what is wanted.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn missing(program: &str, error: &std::io::Error) -> Error {
    failed(format!("cannot run `{program}` (Debian package util-linux): {error}"))
}

fn failed(text: String) -> Error {
    Error::failed_precondition(text)
}
