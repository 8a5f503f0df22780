//! Instructions and allocations of a call.

use super::{Case, Line, beside, line};
use crate::bench::build::Programs;
use crate::bench::peers::MICRO;
use crate::error::Result;
use crate::setup;

/// A case with what it may cost: `(floor, target)` of instructions and of allocations.
struct Asked {
    case: Case,
    shows: &'static str,
    instructions: (f64, f64),
    allocations: (f64, f64),
}

const ASKED: &[Asked] = &[
    Asked {
        case: Case { name: "echo-64", in_flight: 64, work: "echo" },
        shows: "per call (client + server), 64 in flight",
        instructions: (7_000.0, 5_500.0),
        allocations: (10.0, 6.0),
    },
    Asked {
        case: Case { name: "echo-1", in_flight: 1, work: "echo" },
        shows: "per call (client + server), 1 in flight",
        instructions: (12_000.0, 9_800.0),
        allocations: (10.0, 6.0),
    },
    Asked {
        case: Case { name: "metadata-64", in_flight: 64, work: "metadata" },
        shows: "per call with four metadata pairs read by the handler, 64 in flight",
        instructions: (8_000.0, 6_500.0),
        allocations: (10.0, 6.0),
    },
    Asked {
        case: Case { name: "metadata-1", in_flight: 1, work: "metadata" },
        shows: "per call with four metadata pairs read by the handler, 1 in flight",
        instructions: (13_000.0, 10_800.0),
        allocations: (10.0, 6.0),
    },
];

/// What the gate looks at.
pub(in crate::bench) fn cases() -> impl Iterator<Item = Case> {
    ASKED.iter().map(|asked| asked.case)
}

/// Instructions of ours and of those beside us.
pub(super) fn lines(programs: &Programs) -> Result<Vec<Line>> {
    setup::bench_packages()?;
    let ours = programs.path(MICRO)?;
    let mut lines = Vec::new();
    for asked in ASKED {
        let (floor, target) = asked.instructions;
        let shows = format!("user instructions {}", asked.shows);
        lines.push(line(&shows, asked.case.instructions(ours)?, floor, target));
    }
    for name in programs.names().filter(|name| *name != MICRO && super::PEERS.contains(name)) {
        let program = programs.path(name)?;
        for asked in &ASKED[..2] {
            let shows = format!("{name}: user instructions {}", asked.shows);
            lines.push(beside(shows, asked.case.instructions(program)?));
        }
    }
    Ok(lines)
}

/// Allocations of ours; the others do not count theirs.
pub(super) fn allocations(programs: &Programs) -> Result<Vec<Line>> {
    let ours = programs.path(MICRO)?;
    let mut lines = Vec::new();
    for asked in ASKED {
        let (floor, target) = asked.allocations;
        let shows = format!("allocations {}", asked.shows);
        lines.push(line(&shows, asked.case.allocations(ours)?, floor, target));
    }
    Ok(lines)
}
