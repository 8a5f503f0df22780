//! What the tests and the benches need besides Rust: programs from Debian packages.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::process;

/// A program that they start.
struct Tool {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "bash", package: "bash", purpose: "runs the checks of the examples" },
    Tool { program: "curl", package: "curl", purpose: "calls services as people do" },
    Tool { program: "ip", package: "iproute2", purpose: "makes network namespaces" },
    Tool { program: "iptables", package: "iptables", purpose: "drops packets in network namespaces" },
    Tool { program: "python3", package: "python3", purpose: "reads the lane by its specification" },
];

/// What the benches need.
const BENCH_TOOLS: &[Tool] = &[
    Tool { program: "valgrind", package: "valgrind", purpose: "counts instructions" },
    Tool { program: "strace", package: "strace", purpose: "counts system calls" },
];

/// Installs what the tests miss.
pub(crate) fn debian_packages() -> Result {
    present(TOOLS)
}

/// Installs what the benches miss.
pub(crate) fn bench_packages() -> Result {
    present(BENCH_TOOLS)
}

/// Installs what is missing. With everything in place it changes nothing and needs no network.
fn present(tools: &[Tool]) -> Result {
    let missing: Vec<_> = tools.iter().filter(|tool| !is_installed(tool.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
    for tool in &missing {
        println!("missing: {} of Debian package {}, which {}", tool.program, tool.package, tool.purpose);
    }
    if !is_root() || !is_installed("apt-get") {
        let install = format!("apt-get install {}", packages.join(" "));
        return Err(Error::new(format!("install what is missing, as root on Debian: {install}")));
    }
    install(&packages)
}

/// Tries what is known of the packages first, and reads the lists anew only when that fails.
fn install(packages: &[&str]) -> Result {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        process::run(&mut command)
    };
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    if apt(&arguments).is_ok() {
        return Ok(());
    }
    apt(&["update"])?;
    apt(&arguments)
}

/// Whether a program is on the path. `/usr/sbin` counts: a plain user's path lacks it, but `ip` lives there.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].into_iter().map(Into::into);
    std::env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}

/// Whether we may install packages.
fn is_root() -> bool {
    Path::new("/proc/self").metadata().is_ok_and(|ours| ours.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::is_installed;

    #[test]
    fn finds_what_is_there_only() {
        assert!(is_installed("cargo"));
        assert!(!is_installed("no-program-has-this-name"));
    }
}
