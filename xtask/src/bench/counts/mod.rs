//! What a call costs in counts, which a busy machine does not change: all on current-thread runtimes.

mod both;
mod instructions;
mod memory;
mod parts;
mod syscalls;

use super::build::Programs;
use super::options::Part;
use super::peers::MICRO;
use crate::error::Result;

pub(super) use both::Case;
pub(super) use instructions::cases;

/// The peers that are counted: ours, the one that everybody knows, and the fastest one.
pub(super) const PEERS: [&str; 3] = [MICRO, "tonic", "tarpc"];

/// A line of the table of counts. Less is better in all of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) shows: String,
    pub(super) seen: f64,
    pub(super) floor: Option<f64>,
    pub(super) target: Option<f64>,
}

/// Ours with a floor and a target.
fn line(shows: &str, seen: f64, floor: f64, target: f64) -> Line {
    Line { shows: shows.to_owned(), seen, floor: Some(floor), target: Some(target) }
}

/// Something to compare with.
fn beside(shows: String, seen: f64) -> Line {
    Line { shows, seen, floor: None, target: None }
}

/// Takes the counts of one part.
pub(super) fn take(programs: &Programs, part: Part) -> Result<Vec<Line>> {
    match part {
        Part::Ratios => Ok(Vec::new()),
        Part::Instructions => instructions::lines(programs),
        Part::Allocations => instructions::allocations(programs),
        Part::Syscalls => syscalls::lines(programs),
        Part::Memory => memory::lines(programs),
        Part::Parts => parts::lines(programs),
    }
}
