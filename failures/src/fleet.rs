//! The processes of a service.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use micro::{Error, Result};
use micro_testing::{Ledger, Process};

use crate::protocol::Protocol;
use crate::serve::READY;

/// How long a process may take to start.
const STARTS: Duration = Duration::from_secs(20);
/// How long one may take to end: the lame duck and the calls that run, with some to spare.
pub(crate) const ENDS: Duration = Duration::from_secs(20);

/// Processes of one service. They end when this is dropped.
pub(crate) struct Fleet {
    protocol: Protocol,
    /// What every process is told.
    options: Vec<String>,
    /// The CPUs that they run on; all when there is none.
    cpus: Vec<usize>,
    /// Where they are announced.
    interface: &'static str,
    folder: PathBuf,
    members: Vec<Member>,
}

/// One place in a fleet: a process, and those that come after it.
pub(crate) struct Member {
    number: usize,
    generation: usize,
    /// What this one is told beside that.
    options: Vec<String>,
    pub(crate) process: Process,
}

impl Fleet {
    /// A fleet of as many processes as there are lists of options; each also gets those that all have.
    pub(crate) async fn start(protocol: Protocol, all: &[&str], each: &[&[&str]]) -> Result<Self> {
        Self::start_on("lo", &[], protocol, all, each).await
    }

    /// The same, announced on that interface, and on these CPUs.
    pub(crate) async fn start_on(
        interface: &'static str,
        cpus: &[usize],
        protocol: Protocol,
        all: &[&str],
        each: &[&[&str]],
    ) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!(
            "micro-failures-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        ));
        std::fs::create_dir(&folder)?;
        let options = all.iter().map(|option| (*option).to_owned()).collect();
        let mut fleet =
            Self { protocol, options, cpus: cpus.to_vec(), interface, folder, members: Vec::new() };
        for (number, options) in each.iter().enumerate() {
            let options: Vec<_> = options.iter().map(|option| (*option).to_owned()).collect();
            let process = fleet.spawn(number, 0, &options).await?;
            fleet.members.push(Member { number, generation: 0, options, process });
        }
        Ok(fleet)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The member whose turn it is when they take turns.
    pub(crate) fn member(&mut self, turn: usize) -> &mut Member {
        let count = self.members.len();
        &mut self.members[turn % count]
    }

    /// Starts the member again, as a new process of another id.
    pub(crate) async fn again(&mut self, turn: usize) -> Result<()> {
        let index = turn % self.members.len();
        let Member { number, generation, options, .. } = &self.members[index];
        let process = self.spawn(*number, *generation + 1, options).await?;
        let member = &mut self.members[index];
        member.generation += 1;
        member.process = process;
        Ok(())
    }

    /// What the handlers of all processes there were have written down.
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ledger::read(self.ledger_path())
    }

    fn ledger_path(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    async fn spawn(&self, number: usize, generation: usize, options: &[String]) -> Result<Process> {
        let mut command = Command::new(program()?);
        // The name comes first, as the node's id begins with it.
        let (names, options): (Vec<_>, Vec<_>) =
            options.iter().partition(|option| option.starts_with("name="));
        command.arg("serve").args(names).arg(format!("id={number}-{generation}"));
        command.arg(format!("protocol={}", self.protocol));
        command.arg(format!("ledger={}", self.ledger_path().display()));
        command.args(&self.options).args(options);
        command.env("MICRO_REGISTRY_ADDRESS", self.interface).env("MICRO_SERVER_ADDRESS", "127.0.0.1:0");
        let process = Process::spawn_on(&self.cpus, command)?;
        process.line(STARTS, |line| line.starts_with(READY).then_some(())).await?;
        Ok(process)
    }
}

/// This program.
pub(crate) fn program() -> Result<PathBuf> {
    std::env::current_exe().map_err(Error::from)
}

impl Member {
    /// The id of its node.
    pub(crate) fn node(&self) -> String {
        format!("desk-{}-{}", self.number, self.generation)
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
