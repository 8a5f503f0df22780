//! The chores of the workspace: `cargo xtask COMMAND`.

use std::process::ExitCode;

mod cargo;
mod ci;
mod deep;
mod deny;
mod deps;
mod error;
mod examples;
mod failures;
mod fuzz;
mod interop;
mod lines;
mod metadata;
mod package;
mod process;
mod setup;
mod tally;
mod test;

use error::Result;

/// A command: its name, what it is for, and what does it.
type Command = (&'static str, &'static str, Run);

/// What does a command.
enum Run {
    /// It takes no arguments.
    Plain(fn() -> Result),
    /// It reads what follows its name.
    With(fn(&[String]) -> Result),
}

/// What can be asked for.
const COMMANDS: &[Command] = &[
    ("test", "set up what the tests need, then run all tests and all examples", Run::Plain(test::run)),
    ("examples", "run every example and check its output", Run::Plain(examples::run)),
    ("ci", "all gates, as .ci/run runs them", Run::Plain(ci::run)),
    ("deny", "check bans, licences and sources with cargo-deny and deny.toml", Run::Plain(deny::run)),
    (
        "deps",
        "check the number of foreign packages, that no C is built, and the crate arrows",
        Run::Plain(deps::run),
    ),
    ("lines", "check that no source file is too long", Run::Plain(lines::run)),
    ("package", "package every publishable crate and build it from its package", Run::Plain(package::run)),
    ("interop", "run other people's programs against ours", Run::Plain(interop::run)),
    (
        "failures",
        "show what holds on a bad day: [--row N] [--protocol http1|http2]",
        Run::With(failures::run),
    ),
    (
        "fuzz",
        "hostile bytes for all that reads bytes, 5 minutes a target: [--target T] [--seconds N]",
        Run::With(fuzz::run),
    ),
    ("deep", "the gates that are run by hand: the feature powerset of micro, package", Run::Plain(deep::run)),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let arguments = arguments.collect::<Vec<_>>();
    let Some((_, _, run)) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        return usage(&name);
    };
    let result = match (run, arguments.first()) {
        (Run::Plain(run), None) => run(),
        (Run::Plain(_), Some(extra)) => {
            eprintln!("error: `cargo xtask {name}` takes no arguments, but was given `{extra}`");
            return ExitCode::from(2);
        }
        (Run::With(run), _) => run(&arguments),
    };
    match result {
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
