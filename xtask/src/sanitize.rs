//! `cargo xtask sanitize`: the tests of the lane under AddressSanitizer, which sees what is read or written outside of what
//! is allocated, used when it is freed, freed twice, or never freed.

use crate::error::{Error, Result};
use crate::tally::Tally;
use crate::{cargo, nightly, process};

/// What runs: the lane's own tests, those of a client and a server that speak it, and the laws of transports over it. All
/// of them have it in their name. Those that measure the memory of their process are left out: most of that would be what
/// the sanitizer takes.
const SELECTION: &[&str] = &["--package", "micro-transport", "--all-features", "--lib", "--test", "it"];
const TESTS: &[&str] = &["lane", "--skip", "lane::floods", "--skip", "lane::slow"];

/// Builds and runs them.
pub(crate) fn run() -> Result {
    nightly::set_up()?;
    let root = cargo::root()?;
    let target = cargo::workspace()?.target_directory.join("sanitize");
    // With a target that is named, build scripts and macros are not built with what the flags ask for.
    let mut command = nightly::cargo(&root);
    command.args(["test", "--no-fail-fast", "--target", &nightly::host()?, "--target-dir"]).arg(&target);
    command.args(SELECTION).arg("--").args(TESTS).env("RUSTFLAGS", "-Zsanitizer=address");
    let mut tally = Tally::default();
    let status = process::watch(&mut command, |line| {
        tally += Tally::from_test_result(line).unwrap_or_default();
    })?;
    let tally = tally.with_success(status.success());
    println!("{tally}");
    if tally.failed == 0 { Ok(()) } else { Err(Error::told()) }
}
