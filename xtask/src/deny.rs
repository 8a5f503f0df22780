//! `cargo xtask deny`: licences, bans and sources, as `deny.toml` has them.
//!
//! cargo-deny itself does it, rather than a check of our own: to build it takes 130 to 155 s on two cores, once per
//! machine and version, and its run less than one.

use std::path::PathBuf;
use std::process::Command;

use crate::error::{Error, Result};
use crate::{cargo, process};

/// Pinned, so that a new release cannot fail a tree that has not changed.
const VERSION: &str = "0.20.2";

/// Installs cargo-deny where it is missing and runs it.
pub(crate) fn run() -> Result {
    let program = installed()?;
    cargo::fetch()?;
    let mut command = Command::new(program);
    command.current_dir(cargo::root()?).args(["--offline", "check", "bans", "licenses", "sources"]);
    process::run(&mut command)
}

/// The program of the pinned version, below the target directory: what a person has installed stays as it is.
fn installed() -> Result<PathBuf> {
    let folder = cargo::workspace()?.target_directory.join("tools").join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin").join("cargo-deny");
    if program.exists() {
        return Ok(program);
    }
    let mut install = cargo::cargo(["install", "cargo-deny", "--locked", "--version", VERSION, "--root"])?;
    process::run(install.arg(&folder)).map_err(|error| {
        Error::new(format!(
            "{error}\n       cargo-deny {VERSION} is built from source, once: that needs a network"
        ))
    })?;
    Ok(program)
}
