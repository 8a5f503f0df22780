//! Building the peers, each alone: built together, features that one asks for slow others by a third.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::peers::{self, Language, Peer};
use crate::error::{Doing, Error, Result};
use crate::{cargo, process};

/// The programs of the peers.
#[derive(Debug)]
pub(super) struct Programs {
    paths: BTreeMap<&'static str, PathBuf>,
    /// Why some are missing.
    missing: BTreeMap<&'static str, String>,
}

impl Programs {
    /// Builds these peers. Those in Go are left out where there is no Go.
    pub(super) fn build(names: &[&'static str]) -> Result<Self> {
        let mut programs = Self { paths: BTreeMap::new(), missing: BTreeMap::new() };
        for name in names {
            if programs.paths.contains_key(name) || programs.missing.contains_key(name) {
                continue;
            }
            let peer = peers::peer(name).ok_or_else(|| Error::new(format!("there is no peer `{name}`")))?;
            if peer.language == Language::Go && process::output(Command::new("go").arg("version")).is_err() {
                println!("{name} is left out: there is no Go");
                programs.missing.insert(name, "there is no Go on the path".to_owned());
                continue;
            }
            programs.paths.insert(name, build(peer)?);
        }
        Ok(programs)
    }

    /// Where a program is, or why it is not there.
    pub(super) fn path(&self, name: &str) -> Result<&Path> {
        self.paths.get(name).map(PathBuf::as_path).ok_or_else(|| {
            let why = self.missing.get(name).cloned();
            Error::new(why.unwrap_or_else(|| format!("{name} was not built")))
        })
    }

    /// The peers that there are.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.paths.keys().copied()
    }
}

/// The folder of a peer.
pub(super) fn folder(peer: &Peer) -> Result<PathBuf> {
    Ok(cargo::root()?.join("benches/peers").join(peer.name))
}

/// Where all peers are built: what two of them build alike is built once, and what differs lies side by side.
pub(super) fn target() -> Result<PathBuf> {
    Ok(cargo::workspace()?.target_directory.join("benches"))
}

/// Builds one peer with the lock file in its folder.
fn build(peer: &Peer) -> Result<PathBuf> {
    let folder = folder(peer)?;
    let target = target()?;
    match peer.language {
        Language::Rust => {
            let mut command = cargo::cargo(["build", "--release", "--locked"])?;
            command.arg("--manifest-path").arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&target);
            process::run(&mut command)?;
            Ok(target.join("release").join(format!("bench-{}", peer.name)))
        }
        Language::Go => {
            std::fs::create_dir_all(&target).doing(target.display())?;
            let program = target.join(format!("bench-{}", peer.name));
            let mut command = Command::new("go");
            command.current_dir(folder).env("GOTOOLCHAIN", "local").args(["build", "-buildvcs=false", "-o"]);
            process::run(command.arg(&program).arg("."))?;
            Ok(program)
        }
    }
}
