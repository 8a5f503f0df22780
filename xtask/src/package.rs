//! `cargo xtask package`: what would be published builds on its own.

use crate::error::Result;
use crate::{cargo, process};

/// Packages all publishable crates and builds each from its package.
pub(crate) fn run() -> Result {
    cargo::fetch()?;
    // Uncommitted changes are allowed: this is a check of what the tree would publish, it publishes nothing.
    let mut command = cargo::cargo(["package", "--workspace", "--allow-dirty"])?;
    for package in cargo::workspace()?.packages.iter().filter(|package| !package.is_publishable()) {
        command.args(["--exclude", &package.name]);
    }
    // Everything is fetched. Without this, cargo asks the registry whether there is something newer.
    process::run(command.env("CARGO_NET_OFFLINE", "true"))
}
