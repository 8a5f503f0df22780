//! `cargo xtask ci`: all gates, one after the other. One that fails does not hide what the later ones find.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::tally::Tally;
use crate::{bench, cargo, deny, deps, interop, lines, package, process};

/// A gate. It may add to the count of tests.
type Stage = (&'static str, fn(&mut Tally) -> Result);

/// Cheap ones first, so that a person who watches learns soon.
const STAGES: &[Stage] = &[
    ("fetch", |_| cargo::fetch()),
    ("fmt", |_| fmt()),
    ("lines", |_| lines::run()),
    ("clippy", |_| clippy()),
    ("doc", |_| doc()),
    ("test", test),
    ("deny", |_| deny::run()),
    ("deps", |_| deps::run()),
    ("gate", |_| gate()),
    ("package", |_| package::run()),
    ("interop", |_| interop::run()),
];

/// Runs all stages, then prints how long each took, and the sum of the tests as the last line.
pub(crate) fn run() -> Result {
    let mut tally = Tally::default();
    let mut report = Vec::new();
    for (name, stage) in STAGES {
        println!("\n=== {name}");
        let started = Instant::now();
        let result = stage(&mut tally);
        if let Err(error) = &result {
            error.report();
        }
        report.push((*name, started.elapsed(), result.is_ok()));
    }
    print_report(&report);
    println!("{tally}");
    let green = tally.failed == 0 && report.iter().all(|(_, _, passed)| *passed);
    if green { Ok(()) } else { Err(Error::told()) }
}

/// Looks at all crates: those of the benches are in no workspace.
fn fmt() -> Result {
    process::run(&mut cargo::cargo(["fmt", "--all", "--check"])?)?;
    bench::manifests()?.iter().try_for_each(|manifest| {
        let mut command = cargo::cargo(["fmt", "--check", "--manifest-path"])?;
        process::run(command.arg(manifest))
    })
}

/// What a call costs, by crates that no other stage looks at.
fn gate() -> Result {
    bench::check()?;
    bench::gate::run(&[])
}

/// Lints everything, tests and examples included.
fn clippy() -> Result {
    let targets = ["clippy", "--workspace", "--all-targets", "--all-features"];
    process::run(cargo::cargo(targets)?.args(["--", "-D", "warnings"]))
}

/// Builds the documentation; a broken link is an error.
fn doc() -> Result {
    let mut command = cargo::cargo(["doc", "--workspace", "--no-deps", "--all-features"])?;
    process::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Runs the command that the README gives to everybody, and takes the count from its closing line.
fn test(tally: &mut Tally) -> Result {
    let mut closing = None;
    let status = process::watch(&mut cargo::cargo(["xtask", "test"])?, |line| {
        closing = Tally::from_closing_line(line).or(closing);
    })?;
    *tally += closing.unwrap_or_default().with_success(status.success());
    if status.success() { Ok(()) } else { Err(Error::new("tests failed, see above")) }
}

/// The seconds of each stage.
fn print_report(report: &[(&str, Duration, bool)]) {
    println!("\n{:<10} {:>8}  result", "stage", "seconds");
    for (name, time, passed) in report {
        println!("{name:<10} {:>8.1}  {}", time.as_secs_f64(), if *passed { "ok" } else { "FAILED" });
    }
    let total: Duration = report.iter().map(|(_, time, _)| *time).sum();
    println!("{:<10} {:>8.1}\n", "total", total.as_secs_f64());
}
