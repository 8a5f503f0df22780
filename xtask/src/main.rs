//! The chores of the workspace: `cargo xtask COMMAND`.

use std::process::ExitCode;

mod bench;
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
mod nightly;
mod package;
mod process;
mod sanitize;
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
    /// It reads what follows its name, which is written so.
    With(&'static str, fn(&[String]) -> Result),
}

impl Run {
    fn arguments(&self) -> &'static str {
        match self {
            Self::Plain(_) => "",
            Self::With(arguments, _) => arguments,
        }
    }
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
        "show what holds on a bad day",
        Run::With("[--row N].. [--protocol http1|http2|lane]", failures::run),
    ),
    (
        "fuzz",
        "hostile bytes for all that reads bytes, 5 minutes a target",
        Run::With("[--target TARGET] [--seconds N]", fuzz::run),
    ),
    ("sanitize", "run the tests of the lane under AddressSanitizer", Run::Plain(sanitize::run)),
    ("bench", "ours and theirs side by side, see benches/README.md", Run::With(bench::USAGE, bench::run)),
    ("gate", "check what a call costs against benches/gate.json", Run::With("[--write]", bench::gate::run)),
    ("deep", "the gates that are run by hand: the feature powerset of micro, package", Run::Plain(deep::run)),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let arguments = arguments.collect::<Vec<_>>();
    let Some(command) = COMMANDS.iter().find(|(known, _, _)| *known == name) else {
        return usage(&name);
    };
    if arguments.iter().any(|argument| is_help(argument)) {
        println!("{}", usage_of(command));
        return ExitCode::SUCCESS;
    }
    let (_, _, run) = command;
    let result = match (run, arguments.first()) {
        (Run::Plain(run), None) => run(),
        (Run::Plain(_), Some(extra)) => {
            eprintln!("error: `cargo xtask {name}` takes no arguments, but was given `{extra}`");
            return ExitCode::from(2);
        }
        (Run::With(_, run), _) => run(&arguments),
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
    for (name, purpose, run) in COMMANDS {
        let colon = if run.arguments().is_empty() { "" } else { ": " };
        println!("  {name:<9} {purpose}{colon}{}", run.arguments());
    }
    if name == "help" || is_help(name) {
        return ExitCode::SUCCESS;
    }
    if !name.is_empty() {
        eprintln!("\nerror: there is no command `{name}`");
    }
    ExitCode::from(2)
}

/// How one command is written, and what it is for.
fn usage_of((name, purpose, run): &Command) -> String {
    format!("usage: cargo xtask {}\n\n{purpose}", format!("{name} {}", run.arguments()).trim_end())
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "--help" | "-h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_says_how_it_is_written() {
        let said = |name| usage_of(COMMANDS.iter().find(|(known, _, _)| *known == name).unwrap());
        assert!(
            said("fuzz").starts_with("usage: cargo xtask fuzz [--target TARGET] [--seconds N]\n\nhostile")
        );
        assert!(
            said("failures")
                .starts_with("usage: cargo xtask failures [--row N].. [--protocol http1|http2|lane]\n")
        );
        assert!(said("lines").starts_with("usage: cargo xtask lines\n"));
    }
}
