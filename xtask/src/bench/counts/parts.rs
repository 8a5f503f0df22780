//! What the parts of a call cost by themselves, and what share of a call discovery and selection have.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::both::{Case, slope};
use super::{Line, beside, line};
use crate::bench::build::Programs;
use crate::bench::peers::MICRO;
use crate::bench::{limited, proc};
use crate::error::{Error, Result};
use crate::{cargo, setup};

/// The parts that `bench-micro part` knows.
const PARTS: &[(&str, &str)] = &[
    ("encode-protobuf", "a question of 16 letters to protobuf"),
    ("decode-protobuf", "and from it"),
    ("encode-json", "to JSON"),
    ("decode-json", "and from it"),
    ("router", "router, from request to response, with the handler"),
    ("pick-random", "a node of 100: random, the default"),
    ("pick-roundrobin", "a node of 100: roundrobin"),
    ("pick-p2c", "a node of 100: p2c"),
];
/// A client whose calls are answered at once, without and with a service to find.
const DIRECT: &str = "client-direct";
const FOUND: &str = "client-found";

/// The calls between which the slope is taken.
const CALLS: (u64, u64) = (1_000, 11_000);
const LIMIT: Duration = Duration::from_secs(400);

pub(super) fn lines(programs: &Programs) -> Result<Vec<Line>> {
    setup::bench_packages()?;
    let program = programs.path(MICRO)?;
    let mut lines = Vec::new();
    for (name, shows) in PARTS {
        lines.push(beside(format!("instructions: {shows} (`{name}`)"), instructions(program, name)?));
    }
    let (direct, found) = (instructions(program, DIRECT)?, instructions(program, FOUND)?);
    lines.push(beside(
        "instructions: a client's call that is answered at once, by whom it knows".to_owned(),
        direct,
    ));
    lines.push(beside("instructions: the same, by a service of 100 nodes that it finds".to_owned(), found));
    let whole = Case { name: "echo-64", in_flight: 64, work: "echo" }.instructions(program)?;
    let shows = "discovery and selection, share of a call's instructions (100 nodes), %";
    lines.push(line(shows, share(direct, found, whole), 8.0, 3.0));
    Ok(lines)
}

/// In percent of a whole call.
fn share(direct: f64, found: f64, whole: f64) -> f64 {
    (found - direct) / whole * 100.0
}

fn instructions(program: &Path, part: &str) -> Result<f64> {
    slope(CALLS, |calls| {
        let mut command = Command::new("valgrind");
        cargo::clean_environment(&mut command);
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        let said = limited::run(command.args(["part", part, &calls.to_string()]), LIMIT)?;
        proc::callgrind(&said.errors).ok_or_else(|| Error::new(format!("callgrind said {}", said.errors)))
    })
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_in_percent_of_a_whole_call() {
        assert_eq!(share(1_000.0, 1_200.0, 5_000.0), 4.0);
    }
}
