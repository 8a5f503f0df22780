//! Which versions were measured, and on what.

use std::process::Command;

use super::build;
use super::peers::{Language, Peer};
use crate::error::{Doing, Result};
use crate::{cargo, process};

/// The versions in a peer's lock file, and of what built it.
pub(super) fn of(peer: &Peer) -> Result<String> {
    let folder = build::folder(peer)?;
    let (lock, version, mut tools): (_, fn(&str, &str) -> Option<String>, _) = match peer.language {
        Language::Rust => ("Cargo.lock", in_cargo_lock, Command::new("rustc")),
        Language::Go => ("go.mod", in_go_mod, Command::new("go")),
    };
    let path = folder.join(lock);
    let text = std::fs::read_to_string(&path).doing(path.display())?;
    let mut versions = Vec::new();
    for package in peer.packages {
        let version = version(&text, package).unwrap_or_else(|| "of unknown version".to_owned());
        versions.push(format!("{package} {version}"));
    }
    let tools = tools.current_dir(cargo::root()?).arg(if lock == "go.mod" { "version" } else { "--version" });
    let tools = process::output(tools)?;
    versions.extend(tools.trim().split(" (").next().map(str::to_owned));
    Ok(versions.join(", "))
}

/// The version of a package in a `Cargo.lock`.
fn in_cargo_lock(text: &str, package: &str) -> Option<String> {
    let (_, entry) = text.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(entry.split('"').next()?.to_owned())
}

/// The version of a module in a `go.mod`.
fn in_go_mod(text: &str, module: &str) -> Option<String> {
    let mut words = text.lines().map(str::split_whitespace);
    words.find_map(|mut words| {
        words.find(|word| *word == module).and_then(|_| words.next()).map(str::to_owned)
    })
}

/// The processor, how many of it, and the kernel.
pub(super) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(':').nth(1)).map_or("unknown processor", str::trim);
    let threads = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {threads} of its threads, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::{in_cargo_lock, in_go_mod};

    #[test]
    fn reads_lock_files() {
        let lock = "[[package]]\nname = \"tonic-prost\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"tonic\"\nversion = \"0.14.9\"\n";
        assert_eq!(in_cargo_lock(lock, "tonic").as_deref(), Some("0.14.9"));
        assert_eq!(in_cargo_lock(lock, "h2"), None);
    }

    #[test]
    fn reads_go_modules() {
        let text = "module a\n\ngo 1.24\n\nrequire (\n\tgo-micro.dev/v5 v5.30.0\n)\n\nrequire b.c/d v1.2.3\n";
        assert_eq!(in_go_mod(text, "go-micro.dev/v5").as_deref(), Some("v5.30.0"));
        assert_eq!(in_go_mod(text, "b.c/d").as_deref(), Some("v1.2.3"));
        assert_eq!(in_go_mod(text, "x"), None);
    }
}
