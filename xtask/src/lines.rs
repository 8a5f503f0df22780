//! `cargo xtask lines`: a source file has at most 500 lines that are not tests, or says why it has more.

use std::path::{Path, PathBuf};

use crate::cargo;
use crate::error::{Doing, Error, Result};

/// The most lines a file has without an excuse.
const LIMIT: usize = 500;

/// The excuse, which stands in the comment at the head of the file and goes on with the reason.
const EXCUSE: &str = "longer than 500 lines because";

/// Folders whose Rust files are not measured.
const SKIPPED: &[&str] = &["target", "tests", "benches", "fuzz", "examples"];

/// Measures all files.
pub(crate) fn run() -> Result {
    let root = cargo::root()?;
    let mut sizes = Vec::new();
    let mut failures = Vec::new();
    for path in rust_files(&root)? {
        let text = std::fs::read_to_string(&path).doing(path.display())?;
        let lines = lines_of_code(&text);
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        if lines > LIMIT && !is_excused(&text) {
            failures.push(format!(
                "{name} has {lines} lines before its tests, the limit is {LIMIT}: split it, or say in the comment \
                 at its head that it is `{EXCUSE} ..`"
            ));
        }
        sizes.push((lines, name));
    }
    sizes.sort();
    let percentile = |percent: usize| {
        let index = (sizes.len() * percent).div_ceil(100).saturating_sub(1);
        sizes.get(index).map_or(0, |(lines, _)| *lines)
    };
    let longest = sizes.last().map_or("none", |(_, name)| name);
    println!(
        "{} files, lines without tests: median {}, p90 {}, max {} ({longest})",
        sizes.len(),
        percentile(50),
        percentile(90),
        percentile(100)
    );
    Error::unless_empty(&failures)
}

/// All Rust files below a folder that are measured: test modules in files of their own are not.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().doing(folder.display())? {
            let entry = entry.doing(folder.display())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().doing(entry.path().display())?.is_dir() {
                if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                    folders.push(entry.path());
                }
            } else if name.ends_with(".rs") && name != "tests.rs" {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}

/// The number of lines that are not in a test module. `#[cfg(test)]` on a declaration such as `mod tests;` hides no
/// code below it, so only a module with a body is left out.
fn lines_of_code(text: &str) -> usize {
    let mut count = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let opens_tests = line == "#[cfg(test)]"
            && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if opens_tests {
            lines.by_ref().find(|line| *line == "}");
        } else {
            count += 1;
        }
    }
    count
}

/// Whether the comment at the head of a file has the excuse; it may be broken over lines.
fn is_excused(text: &str) -> bool {
    let head = text.lines().take_while(|line| line.starts_with("//"));
    let words = head.flat_map(|line| line.trim_start_matches(['/', '!']).split_whitespace());
    words.collect::<Vec<_>>().join(" ").contains(EXCUSE)
}

#[cfg(test)]
mod tests {
    use super::{is_excused, lines_of_code};

    #[test]
    fn leaves_out_test_modules_only() {
        assert_eq!(lines_of_code("fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n"), 2);
        assert_eq!(lines_of_code("#[cfg(test)]\nmod tests;\n\nfn a() {}\n"), 4);
        assert_eq!(lines_of_code("#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn hidden() {}\n"), 1);
        assert_eq!(lines_of_code(""), 0);
    }

    #[test]
    fn the_excuse_is_in_the_head() {
        assert!(is_excused(
            "//! A table, longer than 500\n//! lines because it lists them all.\nfn a() {}\n"
        ));
        assert!(!is_excused("//! A table.\nfn a() {}\n// longer than 500 lines because\n"));
    }
}
