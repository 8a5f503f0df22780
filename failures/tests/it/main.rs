//! The rows that take seconds, as tests: the program shows them, and its exit code says whether they hold.

use std::io::Result;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_failures")).args(arguments).output()
}

/// Shows a row in both protocols.
fn holds(row: &str) -> Result<()> {
    let output = run(&["--row", row])?;
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}{errors}");
    assert!(output.status.success(), "row {row} does not hold");
    let shown = said.lines().filter(|line| line.starts_with("row ") && line.contains(" holds ")).count();
    assert_eq!(shown, 2, "one for each protocol");
    Ok(())
}

#[test]
fn connections_that_are_cut() -> Result<()> {
    holds("5")
}

#[test]
fn a_node_that_is_always_unavailable() -> Result<()> {
    holds("6")
}

#[test]
fn a_stop_with_much_under_way() -> Result<()> {
    holds("10")
}

#[test]
fn what_is_not_known_is_said() -> Result<()> {
    for (flag, value, said) in [
        ("--row", "99", "is no row"),
        ("--protocol", "http3", "is no protocol"),
        ("--rows", "1", "is not known"),
    ] {
        let output = run(&[flag, value])?;
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{flag} {value}");
    }
    Ok(())
}
