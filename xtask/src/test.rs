//! `cargo xtask test`: all tests of the workspace and all examples, summed up in the last line.

use crate::error::{Error, Result};
use crate::tally::Tally;
use crate::{cargo, examples, process, setup};

/// Runs them all, also after a failure.
pub(crate) fn run() -> Result {
    setup::debian_packages()?;
    cargo::fetch()?;

    let mut tally = cargo_test(&["--workspace", "--all-features"])?;
    // What is said of a plugin that is not compiled in can only be tested where it is not.
    tally += cargo_test(&["--package", "micro", "--no-default-features", "--lib", "--tests"])?;
    // What the compiler says of wrong code differs with features; this is what users read.
    tally += cargo_test(&["--package", "micro", "--test", "it", "ui::"])?;
    tally += examples::check_all()?;

    println!("{tally}");
    if tally.failed == 0 { Ok(()) } else { Err(Error::told()) }
}

/// Runs `cargo test` and counts.
fn cargo_test(selection: &[&str]) -> Result<Tally> {
    let mut command = cargo::cargo(["test", "--no-fail-fast"])?;
    // Everything is fetched. So that nothing differs between a machine with and one without a network, the builds
    // that tests start themselves do not look for one either.
    command.args(selection).env("CARGO_NET_OFFLINE", "true");
    let mut tally = Tally::default();
    let status = process::watch(&mut command, |line| {
        tally += Tally::from_test_result(line).unwrap_or_default();
    })?;
    Ok(tally.with_success(status.success()))
}
