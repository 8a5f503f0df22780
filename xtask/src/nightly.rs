//! The compiler for what the pinned one cannot do: any nightly one that is installed.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::{cargo, process};

const TOOLCHAIN: &str = "nightly";

/// Installs it where it is missing.
pub(crate) fn set_up() -> Result {
    if process::output(rustup().args(["rustc", "--version"])).is_err() {
        let install = ["toolchain", "install", TOOLCHAIN, "--profile", "minimal"];
        process::run(Command::new("rustup").args(install))?;
    }
    Ok(())
}

/// Its cargo, in a folder.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = rustup();
    command.arg("cargo").current_dir(folder).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    cargo::clean_environment(&mut command);
    command
}

/// The platform that it builds for.
pub(crate) fn host() -> Result<String> {
    let version = process::output(rustup().args(["rustc", "-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| Error::new("`rustc -vV` names no host"))
}

fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", TOOLCHAIN]);
    command
}
