//! `cargo xtask bench`: ours and theirs side by side, as `benches/README.md` tells.

mod build;
mod check;
mod counts;
pub(crate) mod gate;
mod limited;
mod options;
mod peers;
mod proc;
mod ratio;
mod report;
mod rows;
mod run;
mod server;
mod slope;
mod versions;

pub(crate) use check::{check, manifests};

use crate::error::Result;
use build::Programs;
pub(crate) use options::USAGE;
use options::{Options, Part};
use report::Report;

/// Builds what is needed, measures what is asked for, prints it, and writes `docs/benchmarks.md` when that is all.
pub(crate) fn run(arguments: &[String]) -> Result {
    let options = Options::read(arguments)?;
    let rows = rows::chosen(options.row.as_deref())?;
    let mut wanted = Vec::new();
    if options.wants(Part::Ratios) {
        wanted.extend(rows.iter().flat_map(rows::Row::peers));
    }
    if options.parts.iter().any(|part| *part != Part::Ratios) {
        wanted.extend(counts::PEERS);
    }
    let programs = Programs::build(&wanted)?;

    let mut report = Report::new(&options, &programs)?;
    if options.wants(Part::Ratios) {
        report.ratios(&run::rounds(&programs, &rows, &options)?);
    }
    for part in &options.parts {
        report.counts(&counts::take(&programs, *part)?);
    }
    report.print();
    if options.is_complete() { report.write() } else { Ok(()) }
}
