//! `cargo xtask deps`: what a user's crate pulls in, and which of our crates may see which.

mod arrows;
mod fresh;

use crate::cargo;
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// Makes all checks, also after one has failed.
pub(crate) fn run() -> Result {
    let workspace = cargo::workspace()?;
    let mut failures = arrows::check(&workspace);
    match fresh::check(&workspace) {
        Ok(more) => failures.extend(more),
        Err(error) => failures.push(error.to_string()),
    }
    print_default_features(&workspace);
    Error::unless_empty(&failures)
}

/// Says what a user of each crate gets without asking.
fn print_default_features(workspace: &Metadata) {
    println!("default features:");
    for package in workspace.packages.iter().filter(|package| package.is_publishable()) {
        let features = package.features.get("default").map(|features| features.join(" "));
        println!("  {:<15} {}", package.name, features.as_deref().unwrap_or("none"));
    }
}
