//! `cargo xtask failures`: the rows of a bad day, each with what must hold and what was seen.

use crate::error::Result;
use crate::{cargo, process, setup};

/// Builds the program that shows them, as fast as users build theirs, and runs it.
pub(crate) fn run(arguments: &[String]) -> Result {
    setup::debian_packages()?;
    let mut command = cargo::cargo(["run", "--quiet", "--release", "--package", "failures", "--"])?;
    process::run(command.args(arguments))
}
