//! `cargo xtask examples`: every example runs, and its output is checked by the `check.sh` beside it.
//!
//! `check.sh` is run by bash in the folder of its example with the folder of the built programs as its argument. It
//! starts what it needs, prints what it saw, stops what it started, and fails when something is not as it should be.

mod leftovers;

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Doing, Error, Result};
use crate::metadata::Package;
use crate::tally::Tally;
use crate::{cargo, process, setup};
use leftovers::Mark;

/// How long one check may take: dozens of times what the slowest needs.
const LIMIT: Duration = Duration::from_secs(120);

/// How long processes that were told to stop may take after the check has ended.
const GRACE: Duration = Duration::from_secs(5);

/// How often a running check is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Runs every example.
pub(crate) fn run() -> Result {
    setup::debian_packages()?;
    let tally = check_all()?;
    println!("{tally}");
    if tally.failed == 0 { Ok(()) } else { Err(Error::told()) }
}

/// Builds and checks every example and counts each as one test.
pub(crate) fn check_all() -> Result<Tally> {
    let workspace = cargo::workspace()?;
    let examples: Vec<_> = workspace.in_folder("examples").collect();
    if let Err(error) = build(&examples) {
        error.report();
        return Ok(Tally { passed: 0, failed: examples.len() as u64 }.with_success(false));
    }
    let programs = workspace.target_directory.join("debug");
    let mut tally = Tally::default();
    for example in examples {
        let started = Instant::now();
        let checked = check(example, &programs);
        let seconds = started.elapsed().as_secs_f64();
        match checked {
            Ok(()) => {
                println!("example {} ... ok ({seconds:.1} s)", example.name);
                tally.passed += 1;
            }
            Err(error) => {
                println!("example {} ... FAILED ({seconds:.1} s): {error}", example.name);
                tally.failed += 1;
            }
        }
    }
    Ok(tally)
}

/// Builds the programs of all examples at once.
fn build(examples: &[&Package]) -> Result {
    if examples.is_empty() {
        return Err(Error::new("there is no crate in examples/"));
    }
    let mut command = cargo::cargo(["build"])?;
    for example in examples {
        command.args(["--package", &example.name]);
    }
    process::run(&mut command)
}

/// Runs the check of one example.
fn check(example: &Package, programs: &Path) -> Result {
    let script = example.folder().join("check.sh");
    if !script.is_file() {
        return Err(Error::new(format!("{} is missing: each example is run and checked", script.display())));
    }
    println!("$ bash examples/{}/check.sh", example.name);
    let mark = Mark::new(&example.name);
    let mut command = Command::new("bash");
    command.arg(&script).arg(programs).current_dir(example.folder()).stdin(Stdio::null());
    cargo::clean_environment(&mut command);
    // Services of examples under test are announced on the loopback interface only.
    command.env("MICRO_REGISTRY_ADDRESS", "lo");
    mark.put_on(&mut command);

    let ended = wait(&mut command, &mark)?;
    let left = mark.stop_all(if ended.is_some() { GRACE } else { Duration::ZERO });
    match ended {
        None => Err(Error::new(format!("not done after {} s", LIMIT.as_secs()))),
        Some(status) if !status.success() => Err(Error::new(format!("check.sh: {status}"))),
        Some(_) if !left.is_empty() => {
            Err(Error::new(format!("check.sh left processes running: {}", left.join(", "))))
        }
        Some(_) => Ok(()),
    }
}

/// Waits for a check to end; `None` when it was stopped for taking too long.
fn wait(command: &mut Command, mark: &Mark) -> Result<Option<ExitStatus>> {
    let mut child = command.spawn().doing("bash")?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().doing("waiting for check.sh")? {
            return Ok(Some(status));
        }
        if started.elapsed() > LIMIT {
            mark.stop_all(Duration::ZERO);
            child.wait().doing("waiting for check.sh")?;
            return Ok(None);
        }
        std::thread::sleep(TICK);
    }
}
