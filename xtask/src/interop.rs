//! `cargo xtask interop`: other people's clients and servers against ours.

use std::process::Command;

use crate::error::Result;
use crate::{cargo, process};

/// Runs `interop/run`, whose exit code decides.
pub(crate) fn run() -> Result {
    let folder = cargo::root()?.join("interop");
    let program = folder.join("run");
    if !program.exists() {
        println!("there is no interop/run: nothing to do");
        return Ok(());
    }
    let mut command = Command::new(program);
    cargo::clean_environment(&mut command);
    process::run(command.current_dir(folder))
}
