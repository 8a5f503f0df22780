//! What was asked for.

use crate::error::{Doing, Error, Result};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Calls a second and latencies, as ratios of ours to theirs.
    Ratios,
    /// User instructions per call.
    Instructions,
    /// Allocations per call.
    Allocations,
    /// System calls of the server per call.
    Syscalls,
    /// Memory of a connection and of a stream.
    Memory,
    /// What the parts of a call cost by themselves.
    Parts,
}

const PARTS: &[(&str, Part)] = &[
    ("--ratios", Part::Ratios),
    ("--instructions", Part::Instructions),
    ("--allocations", Part::Allocations),
    ("--syscalls", Part::Syscalls),
    ("--memory", Part::Memory),
    ("--parts", Part::Parts),
];

/// How it is written.
pub(crate) const USAGE: &str = "[--rounds N] [--row NAME] [--quick] [--ratios] [--instructions] [--allocations] \
                     [--syscalls] [--memory] [--parts]";

/// The least rounds of a run that is written down.
const ROUNDS: usize = 7;

/// What to measure and how.
#[derive(Debug, PartialEq)]
pub(super) struct Options {
    pub(super) rounds: usize,
    pub(super) row: Option<String>,
    pub(super) quick: bool,
    /// All of them unless some were named.
    pub(super) parts: Vec<Part>,
}

impl Options {
    pub(super) fn read(arguments: &[String]) -> Result<Self> {
        let mut options = Self { rounds: 0, row: None, quick: false, parts: Vec::new() };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Error::new(format!("`{word}` needs a value")));
            match word.as_str() {
                "--rounds" => options.rounds = value()?.parse().doing("--rounds")?,
                "--row" => options.row = Some(value()?.clone()),
                "--quick" => options.quick = true,
                other => match PARTS.iter().find(|(name, _)| *name == other) {
                    Some((_, part)) => options.parts.push(*part),
                    None => return Err(Error::new(format!("`{other}`: write {USAGE}"))),
                },
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 2 } else { ROUNDS };
        }
        if options.parts.is_empty() && options.row.is_some() {
            options.parts.push(Part::Ratios);
        } else if options.parts.is_empty() {
            options.parts.extend(PARTS.iter().map(|(_, part)| *part));
        }
        Ok(options)
    }

    pub(super) fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Whether this is a run to write down.
    pub(super) fn is_complete(&self) -> bool {
        self.rounds >= ROUNDS && !self.quick && self.row.is_none() && self.parts.len() == PARTS.len()
    }

    /// How long calls are made before they count, and how long they do, in milliseconds.
    pub(super) fn times(&self) -> (u64, u64) {
        if self.quick { (100, 200) } else { (250, 700) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Part};

    fn read(line: &str) -> Option<Options> {
        Options::read(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).ok()
    }

    #[test]
    fn all_of_seven_rounds_is_written_down() {
        let complete = |line| read(line).unwrap().is_complete();
        assert!(complete("") && complete("--rounds 9"));
        for line in ["--quick", "--rounds 6", "--row tonic-64-mt", "--syscalls", "--quick --rounds 7"] {
            assert!(!complete(line), "{line}");
        }
    }

    #[test]
    fn a_row_is_a_ratio_and_parts_can_be_named() {
        assert_eq!(read("--row a").unwrap().parts, [Part::Ratios]);
        assert_eq!(read("--syscalls --allocations").unwrap().parts, [Part::Syscalls, Part::Allocations]);
        assert_eq!(read("--quick").unwrap().rounds, 2);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["--rounds", "--rounds few", "--row", "fast", "--Quick"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
