//! `cargo xtask package`: what would be published builds on its own.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error, Result};
use crate::metadata::{Metadata, Package};
use crate::{cargo, process};

/// Packages all publishable crates and builds each from its package.
pub(crate) fn run() -> Result {
    cargo::fetch()?;
    let workspace = cargo::workspace()?;
    let builds = workspace.target_directory.join("package-check");
    forget(&workspace, &builds)?;

    // Uncommitted changes are allowed: this is a check of what the tree would publish, it publishes nothing.
    let mut command = cargo::cargo(["package", "--workspace", "--allow-dirty", "--target-dir"])?;
    command.arg(&builds);
    for package in workspace.packages.iter().filter(|package| !package.is_publishable()) {
        command.args(["--exclude", &package.name]);
    }
    // Everything is fetched. Without this, cargo asks the registry whether there is something newer.
    process::run(command.env("CARGO_NET_OFFLINE", "true"))?;
    forget(&workspace, &builds)
}

/// Removes what an earlier run has unpacked and built. Cargo takes a package of a known version for unchanged, so it
/// would build one crate of today against another as it was then.
fn forget(workspace: &Metadata, builds: &Path) -> Result {
    remove(builds)?;
    let sources = cargo_home()?.join("registry").join("src");
    // On a machine that has unpacked nothing yet the folder is missing.
    for source in sources.read_dir().into_iter().flatten().flatten() {
        // HOST-HASH, and a registry that is a folder, as the one made for packaging, has no host.
        if source.file_name().to_string_lossy().starts_with('-') {
            for Package { name, version, .. } in &workspace.packages {
                remove(&source.path().join(format!("{name}-{version}")))?;
            }
        }
    }
    Ok(())
}

/// Removes a folder that need not be there.
fn remove(folder: &Path) -> Result {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).doing(folder.display()),
        _ => Ok(()),
    }
}

/// Where cargo keeps what it has downloaded.
fn cargo_home() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("CARGO_HOME") {
        return Ok(home.into());
    }
    let home = std::env::home_dir()
        .ok_or_else(|| Error::new("set HOME or CARGO_HOME: cargo's folder is unknown"))?;
    Ok(home.join(".cargo"))
}
