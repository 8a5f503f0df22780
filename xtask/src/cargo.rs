//! Calling cargo from inside `cargo xtask`.

use std::path::PathBuf;
use std::process::Command;

use crate::error::{Doing, Error, Result};
use crate::metadata::Metadata;
use crate::process;

/// The root of the workspace.
pub(crate) fn root() -> Result<PathBuf> {
    // Asked for at run time: a path that is compiled in is wrong once the tree has moved.
    let ours = std::env::var_os("CARGO_MANIFEST_DIR")
        .ok_or_else(|| Error::new("start this as `cargo xtask`, which says where the workspace is"))?;
    let ours = PathBuf::from(ours);
    ours.parent().map(PathBuf::from).ok_or_else(|| Error::new("xtask has no folder above it"))
}

/// The cargo that started us, in the root of the workspace.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()?).args(arguments);
    clean_environment(&mut command);
    Ok(command)
}

/// Takes from a program's environment what `cargo run` tells about the crate `xtask`, and what would change how
/// services behave: a person's own `MICRO_*` settings must not decide what a test finds.
pub(crate) fn clean_environment(command: &mut Command) {
    let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "MICRO_"];
    for (name, _) in std::env::vars_os() {
        if about_us.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
}

/// Gets all crates in the lock file onto this machine. When they are there it needs no network.
pub(crate) fn fetch() -> Result {
    process::run(&mut cargo(["fetch"])?)
}

/// The workspace, without the packages it depends on. Needs no network.
pub(crate) fn workspace() -> Result<Metadata> {
    let text = process::output(&mut cargo(["metadata", "--format-version=1", "--no-deps"])?)?;
    serde_json::from_str(&text).doing("reading what `cargo metadata` says")
}
