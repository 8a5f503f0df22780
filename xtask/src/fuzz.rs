//! `cargo xtask fuzz`: hostile bytes for everything that reads bytes, see `fuzz/README.md`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Doing, Error, Result};
use crate::{cargo, nightly, process};

/// The version that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// How long each target runs.
const SECONDS: u64 = 300;
/// What a target may take, in the words of libFuzzer: memory in all and at once, time for one input, its size.
const LIMITS: &[&str] = &["-rss_limit_mb=1024", "-malloc_limit_mb=64", "-timeout=10", "-max_len=4096"];

/// What was asked for.
#[derive(Debug, PartialEq)]
struct Options {
    target: Option<String>,
    seconds: u64,
}

/// Runs the targets, one after the other; what one finds does not hide what the others do.
pub(crate) fn run(arguments: &[String]) -> Result {
    let options = options(arguments)?;
    let root = cargo::root()?;
    let targets = chosen(&options, targets(&root.join("fuzz/fuzz_targets"))?)?;
    set_up()?;
    let programs = build(&root)?;
    let mut failures = Vec::new();
    println!("{:<12} {:>12} {:>8} {:>10}  result", "target", "runs", "a second", "new inputs");
    for target in &targets {
        failures.extend(fuzz(&root, &programs, target, options.seconds)?);
    }
    Error::unless_empty(&failures)
}

fn options(arguments: &[String]) -> Result<Options> {
    let mut options = Options { target: None, seconds: SECONDS };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| Error::new(format!("`{word}` needs a value")))?;
        match word.as_str() {
            "--target" => options.target = Some(value.clone()),
            "--seconds" => options.seconds = value.parse().doing(format!("--seconds {value}"))?,
            _ => return Err(Error::new(format!("`{word}`: write [--target TARGET] [--seconds N]"))),
        }
    }
    Ok(options)
}

/// The names of the programs in a folder.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in folder.read_dir().doing(folder.display())? {
        let path = entry.doing(folder.display())?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

fn chosen(options: &Options, mut targets: Vec<String>) -> Result<Vec<String>> {
    let Some(asked) = &options.target else { return Ok(targets) };
    let all = targets.join(", ");
    targets.retain(|target| target == asked);
    if targets.is_empty() {
        return Err(Error::new(format!("there is no target `{asked}`; there are {all}")));
    }
    Ok(targets)
}

/// Installs the compiler and `cargo-fuzz` where they are missing.
fn set_up() -> Result {
    nightly::set_up()?;
    if process::output(&mut cargo::cargo(["fuzz", "--version"])?).is_err() {
        process::run(&mut cargo::cargo(["install", "cargo-fuzz", "--locked", "--version", CARGO_FUZZ])?)?;
    }
    Ok(())
}

/// Builds all programs; returns the folder that they are in.
fn build(root: &Path) -> Result<PathBuf> {
    let target = cargo::workspace()?.target_directory.join("fuzz-build");
    let host = nightly::host()?;
    let mut command = nightly::cargo(&root.join("fuzz"));
    command.args(["fuzz", "build", "--target", &host, "--target-dir"]).arg(&target);
    process::run(&mut command)?;
    Ok(target.join(host).join("release"))
}

/// Runs one target and prints its line; what it found is the failure that is returned.
fn fuzz(root: &Path, programs: &Path, target: &str, seconds: u64) -> Result<Option<String>> {
    let work = cargo::workspace()?.target_directory.join("fuzz");
    let (found, artifacts) = (work.join(target), work.join("artifacts").join(target));
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).doing(folder.display())?;
    }
    let mut command = Command::new(programs.join(target));
    command.args(LIMITS).args([format!("-max_total_time={seconds}"), "-print_final_stats=1".to_owned()]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    // The first folder is where new inputs go.
    command.arg(&found).arg(root.join("fuzz/corpus").join(target));
    cargo::clean_environment(&mut command);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().doing(target)?;
    let mut said = Vec::new();
    if let Some(mut output) = child.stderr.take() {
        output.read_to_end(&mut said).doing(target)?;
    }
    let passed = child.wait().doing(target)?.success();
    let said = String::from_utf8_lossy(&said);
    let log = work.join(format!("{target}.log"));
    fs::write(&log, said.as_bytes()).doing(log.display())?;
    let count = |name: &str| statistic(&said, name).unwrap_or("?");
    println!(
        "{target:<12} {:>12} {:>8} {:>10}  {}",
        count("number_of_executed_units"),
        count("average_exec_per_sec"),
        count("new_units_added"),
        if passed { "no finding" } else { "A FINDING" }
    );
    let artifact =
        said.lines().find_map(|line| line.split_once("Test unit written to ")).map(|(_, path)| path);
    Ok((!passed).then(|| {
        format!("{target} has a finding: {}; see {}", artifact.unwrap_or("no input was kept"), log.display())
    }))
}

/// A figure of libFuzzer's `stat::NAME: FIGURE`.
fn statistic<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let lines = said.lines().rev();
    let mut figures =
        lines.filter_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'));
    figures.next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::{Options, SECONDS, chosen, options, statistic};

    fn read(words: &[&str]) -> Option<Options> {
        options(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn what_can_be_asked_for() {
        assert_eq!(read(&[]), Some(Options { target: None, seconds: SECONDS }));
        let asked = read(&["--seconds", "5", "--target", "texts"]).unwrap();
        assert_eq!(asked, Options { target: Some("texts".to_owned()), seconds: 5 });
        let all = || vec!["messages".to_owned(), "texts".to_owned()];
        assert_eq!(chosen(&asked, all()).unwrap(), ["texts"]);
        assert!(chosen(&read(&["--target", "nothing"]).unwrap(), all()).is_err());
        for bad in [&["--seconds"][..], &["--seconds", "x"], &["--other", "1"]] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn figures_are_found() {
        let said = "Done\nstat::number_of_executed_units: 42\nstat::average_exec_per_sec:     7\n";
        assert_eq!(statistic(said, "number_of_executed_units"), Some("42"));
        assert_eq!(statistic(said, "average_exec_per_sec"), Some("7"));
        assert_eq!(statistic(said, "new_units_added"), None);
    }
}
