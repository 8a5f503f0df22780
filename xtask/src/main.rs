//! The chores of the workspace: `cargo xtask COMMAND`.

use std::process::ExitCode;

mod cargo;
mod ci;
mod deep;
mod deny;
mod deps;
mod error;
mod examples;
mod interop;
mod lines;
mod metadata;
mod package;
mod process;
mod setup;
mod tally;
mod test;

use error::Result;

/// A command: its name, what it is for, and the function that does it.
type Command = (&'static str, &'static str, fn() -> Result);

/// What can be asked for.
const COMMANDS: &[Command] = &[
    ("test", "set up what the tests need, then run all tests and all examples", test::run),
    ("examples", "run every example and check its output", examples::run),
    ("ci", "all gates, as .ci/run runs them", ci::run),
    ("deny", "check bans, licences and sources with cargo-deny and deny.toml", deny::run),
    ("deps", "check the number of foreign packages, that no C is built, and the crate arrows", deps::run),
    ("lines", "check that no source file is too long", lines::run),
    ("package", "package every publishable crate and build it from its package", package::run),
    ("interop", "run other people's programs against ours", interop::run),
    ("deep", "the gates that are run by hand: the feature powerset of micro, package", deep::run),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some((_, _, command)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        return usage(&name);
    };
    if let Some(extra) = arguments.next() {
        eprintln!("error: `cargo xtask {name}` takes no arguments, but was given `{extra}`");
        return ExitCode::from(2);
    }
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            ExitCode::FAILURE
        }
    }
}

/// Lists the commands; succeeds only when that is what was asked for.
fn usage(name: &str) -> ExitCode {
    println!("usage: cargo xtask COMMAND\n");
    for (name, purpose, _) in COMMANDS {
        println!("  {name:<9} {purpose}");
    }
    if matches!(name, "help" | "--help" | "-h") {
        return ExitCode::SUCCESS;
    }
    if !name.is_empty() {
        eprintln!("\nerror: there is no command `{name}`");
    }
    ExitCode::from(2)
}
