//! A client and a server in one process, which makes so many calls and ends.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::bench::limited::{self, Said};
use crate::bench::proc;
use crate::bench::slope::Slope;
use crate::cargo;
use crate::error::{Doing, Error, Result};

/// How long a run may take: a hundred times what it does on a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(400);
/// The calls between which the slope of instructions is taken: under valgrind they take fifty times as long.
const SOME: (u64, u64) = (500, 2_500);
/// The calls between which that of allocations is: a buffer that grows in one run and not in the other is lost in them.
const MANY: (u64, u64) = (2_000, 22_000);

/// What is called, and how.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::bench) struct Case {
    pub(in crate::bench) name: &'static str,
    pub(in crate::bench) in_flight: usize,
    pub(in crate::bench) work: &'static str,
}

impl Case {
    /// User instructions of client and server for one call.
    pub(in crate::bench) fn instructions(self, program: &Path) -> Result<f64> {
        slope(SOME, |calls| {
            let mut command = Command::new("valgrind");
            command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
            let said = self.run(&mut command, calls)?;
            proc::callgrind(&said.errors).ok_or_else(|| Error::new(format!("callgrind said {}", said.errors)))
        })
    }

    /// Their allocations for one call.
    pub(in crate::bench) fn allocations(self, program: &Path) -> Result<f64> {
        slope(MANY, |calls| {
            let said = self.run(&mut Command::new(program), calls)?;
            let counted: Counted = serde_json::from_str(said.output.trim()).doing(&said.output)?;
            Ok(counted.allocations)
        })
    }

    fn run(self, command: &mut Command, calls: u64) -> Result<Said> {
        cargo::clean_environment(command);
        command.args(["both", "--runtime", "ct", "--work", self.work, "--calls", &calls.to_string()]);
        limited::run(command.args(["--in-flight", &self.in_flight.to_string()]), LIMIT)
    }
}

/// What the program reports.
#[derive(Deserialize)]
struct Counted {
    allocations: u64,
}

/// What is counted for one of so many calls.
pub(super) fn slope((few, many): (u64, u64), mut count: impl FnMut(u64) -> Result<u64>) -> Result<f64> {
    let few = (few, count(few)?);
    let many = (many, count(many)?);
    Ok(Slope { few, many }.per_call())
}
