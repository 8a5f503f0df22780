//! The corpora hold: every input that the fuzzer has found, or somebody has written, is fed to its target.

#![allow(clippy::unwrap_used, reason = "a test panics")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz_targets::{ALL, Target};

/// The folder of the fuzzer.
fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Feeds a target its corpus; what makes it panic is named.
fn replay(target: &str) {
    let (_, function): &(_, Target) = ALL.iter().find(|(name, _)| *name == target).unwrap();
    let folder = fuzz().join("corpus").join(target);
    let files = names(&folder);
    assert!(files.len() > 10, "{} has {} files", folder.display(), files.len());
    let mut found = Vec::new();
    for name in files {
        let bytes = fs::read(folder.join(&name)).unwrap();
        if catch_unwind(AssertUnwindSafe(|| function(&bytes))).is_err() {
            found.push(name);
        }
    }
    assert!(found.is_empty(), "{target} fails with {found:?} of {}", folder.display());
}

macro_rules! replays {
    ($($target:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
        $(#[test] fn $target() { replay(stringify!($target)); })*
    };
}

replays! { answers connection envelopes http2 lane_frames messages records texts }

/// What there is in one list there is in all.
#[test]
fn all_targets_are_everywhere() {
    let all: Vec<_> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(all, REPLAYED);
    assert_eq!(all, names(&fuzz().join("corpus")));
    let programs: Vec<_> = all.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(programs, names(&fuzz().join("fuzz_targets")));
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for program in programs {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{program}\"")), "{program}");
    }
}
