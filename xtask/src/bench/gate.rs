//! `cargo xtask gate`: fails when a call costs more than the committed figures say. Wall-clock time is no gate: machines
//! differ, and are busy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::build::Programs;
use super::counts;
use super::peers::MICRO;
use crate::error::{Doing, Error, Result};
use crate::{cargo, process, setup};

/// By how much instructions may rise: what the allocator does moves them by 4 to 7 % though nothing has changed.
const MORE_INSTRUCTIONS: f64 = 1.08;
/// An allocation on every other call is one more. Below that it depends on how many frames a system call has brought,
/// which moved the figures of HTTP/2 by 0.3 between runs of one build.
const HALF_AN_ALLOCATION: f64 = 0.5;

/// What one call costs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
struct Cost {
    instructions: f64,
    allocations: f64,
}

/// The figures in `benches/gate.json`.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Figures {
    /// What built it: other compilers make other instructions.
    toolchain: String,
    calls: BTreeMap<String, Cost>,
}

/// Measures, and compares with the committed figures or, with `--write`, writes them.
pub(crate) fn run(arguments: &[String]) -> Result {
    let write = match arguments {
        [] => false,
        [only] if only == "--write" => true,
        _ => return Err(Error::new("write `cargo xtask gate [--write]`")),
    };
    setup::bench_packages()?;
    let measured = measure()?;
    let path = path()?;
    if write {
        let text = serde_json::to_string_pretty(&measured).doing("writing figures")?;
        return std::fs::write(&path, text + "\n").doing(path.display());
    }
    let text = std::fs::read_to_string(&path).doing(path.display())?;
    let committed: Figures = serde_json::from_str(&text).doing(path.display())?;
    print(&committed, &measured);
    Error::unless_empty(&risen(&committed, &measured))
}

fn path() -> Result<PathBuf> {
    Ok(cargo::root()?.join("benches/gate.json"))
}

fn measure() -> Result<Figures> {
    let programs = Programs::build(&[MICRO])?;
    let program = programs.path(MICRO)?;
    let mut calls = BTreeMap::new();
    for case in counts::cases() {
        let round = |value: f64, to: f64| (value * to).round() / to;
        let instructions = round(case.instructions(program)?, 1.0);
        let allocations = round(case.allocations(program)?, 100.0);
        calls.insert(case.name.to_owned(), Cost { instructions, allocations });
    }
    let toolchain = process::output(Command::new("rustc").current_dir(cargo::root()?).arg("--version"))?;
    Ok(Figures { toolchain: toolchain.trim().to_owned(), calls })
}

fn print(committed: &Figures, measured: &Figures) {
    println!(
        "{:<14} {:>12} {:>10} {:>12} {:>10}",
        "calls", "instructions", "committed", "allocations", "committed"
    );
    for (name, now) in &measured.calls {
        let then = committed.calls.get(name);
        println!(
            "{name:<14} {:>12} {:>10} {:>12} {:>10}",
            now.instructions,
            then.map_or(f64::NAN, |then| then.instructions),
            now.allocations,
            then.map_or(f64::NAN, |then| then.allocations)
        );
    }
}

/// What costs more than is committed.
fn risen(committed: &Figures, measured: &Figures) -> Vec<String> {
    const ANEW: &str = "measure anew with `cargo xtask gate --write`";
    if committed.toolchain != measured.toolchain {
        let (then, now) = (&committed.toolchain, &measured.toolchain);
        return vec![format!("the figures are of {then}, this is {now}: {ANEW}")];
    }
    let mut risen = Vec::new();
    for (name, now) in &measured.calls {
        let Some(then) = committed.calls.get(name) else {
            risen.push(format!("{name} has no committed figures: {ANEW}"));
            continue;
        };
        if now.instructions > then.instructions * MORE_INSTRUCTIONS {
            let (now, then) = (now.instructions, then.instructions);
            risen.push(format!("{name}: {now} instructions per call, more than 8 % above {then}"));
        }
        if now.allocations > then.allocations + HALF_AN_ALLOCATION {
            let (now, then) = (now.allocations, then.allocations);
            risen.push(format!("{name}: {now} allocations per call, more than {then}"));
        }
    }
    risen
}

#[cfg(test)]
mod tests {
    use super::{Cost, Figures, risen};

    fn figures(toolchain: &str, instructions: f64, allocations: f64) -> Figures {
        let cost = Cost { instructions, allocations };
        Figures { toolchain: toolchain.to_owned(), calls: [("echo-64".to_owned(), cost)].into() }
    }

    fn failures(instructions: f64, allocations: f64) -> Vec<String> {
        risen(&figures("rustc 1", 1_000.0, 6.0), &figures("rustc 1", instructions, allocations))
    }

    #[test]
    fn less_and_a_little_more_pass() {
        for (instructions, allocations) in [(1_000.0, 6.0), (1_079.0, 6.4), (500.0, 3.0)] {
            assert!(failures(instructions, allocations).is_empty(), "{instructions} {allocations}");
        }
    }

    #[test]
    fn eight_percent_of_instructions_fail() {
        assert_eq!(failures(1_081.0, 6.0), ["echo-64: 1081 instructions per call, more than 8 % above 1000"]);
    }

    #[test]
    fn any_allocation_fails() {
        assert_eq!(failures(1_000.0, 7.0), ["echo-64: 7 allocations per call, more than 6"]);
        assert_eq!(failures(2_000.0, 6.6).len(), 2);
    }

    #[test]
    fn other_toolchains_and_new_calls_need_figures() {
        let old = figures("rustc 1", 1_000.0, 6.0);
        assert_eq!(risen(&old, &figures("rustc 2", 1_000.0, 6.0)).len(), 1);
        let none = Figures { toolchain: "rustc 1".to_owned(), calls: [].into() };
        assert_eq!(risen(&none, &old).len(), 1);
    }

    #[test]
    fn figures_are_read_as_written() {
        let figures = figures("rustc 1", 5_413.0, 6.01);
        let text = serde_json::to_string(&figures).unwrap();
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
    }
}
