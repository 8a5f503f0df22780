//! Formatting, lints and tests of the crates below `benches`, which are in no workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::build;
use super::peers::{self, Language, MICRO, PEERS};
use crate::error::{Error, Result};
use crate::{cargo, process};

/// The manifests of all crates in Rust.
pub(crate) fn manifests() -> Result<Vec<PathBuf>> {
    let mut manifests = vec![load()?];
    for peer in PEERS.iter().filter(|peer| peer.language == Language::Rust) {
        manifests.push(build::folder(peer)?.join("Cargo.toml"));
    }
    Ok(manifests)
}

/// Lints our peer and what all share, and tests the latter.
pub(crate) fn check() -> Result {
    let ours = peers::peer(MICRO).ok_or_else(|| Error::new("there is no peer of ours"))?;
    for manifest in [load()?, build::folder(ours)?.join("Cargo.toml")] {
        process::run(at(&["clippy", "--all-targets"], &manifest)?.args(["--", "-D", "warnings"]))?;
    }
    process::run(&mut at(&["test"], &load()?)?)
}

/// cargo on a crate outside of the workspace, with what the workspace's crates have built at hand.
fn at(arguments: &[&str], manifest: &Path) -> Result<Command> {
    let mut command = cargo::cargo([])?;
    command.args(arguments).arg("--locked").arg("--manifest-path").arg(manifest);
    command.arg("--target-dir").arg(cargo::workspace()?.target_directory);
    Ok(command)
}

fn load() -> Result<PathBuf> {
    Ok(cargo::root()?.join("benches/load/Cargo.toml"))
}
