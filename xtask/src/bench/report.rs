//! The tables, on the terminal and in `docs/benchmarks.md`.

use std::fmt::Write as _;

use super::build::Programs;
use super::counts::Line;
use super::options::Options;
use super::peers;
use super::ratio::Spread;
use super::rows::{Figure, Row, Setup};
use super::run::{self, Measured, Rounds, Seen};
use super::versions;
use crate::cargo;
use crate::error::{Doing, Result};

/// What is told, as Markdown.
pub(super) struct Report {
    text: String,
    counted: bool,
}

impl Report {
    /// With what was measured, and on what.
    pub(super) fn new(options: &Options, programs: &Programs) -> Result<Self> {
        let mut text = format!(
            "# Benchmarks\n\n\
             Written by `cargo xtask bench`; `benches/README.md` tells what is measured and how. Ratios are medians of the \
             ratios of {} rounds, with the smallest and the largest; figures of one column may be of different minutes. \
             mt: multi-thread runtime, two workers on each side; ct: current-thread.\n\n\
             Machine: {}.\n\n",
            options.rounds,
            versions::machine()
        );
        text.push_str("| peer | versions |\n|---|---|\n");
        for name in programs.names() {
            if let Some(peer) = peers::peer(name) {
                writeln!(text, "| {name} | {} |", versions::of(peer)?).doing("writing a report")?;
            }
        }
        Ok(Self { text, counted: false })
    }

    /// Adds the ratios, and behind them what was seen of each side.
    pub(super) fn ratios(&mut self, rounds: &Rounds) {
        self.text.push_str(
            "\n## Side by side\n\n\
             | row | measure | floor | target | median | spread | holds |\n|---|---|---|---|---|---|---|\n",
        );
        for row in &rounds.rows {
            self.text.push_str(&ratio(row, &rounds.seen));
        }
        for (row, why) in &rounds.left_out {
            self.text.push_str(&format!("| {} | {} | | | left out | {why} | |\n", row.name, row.shows));
        }
        self.text.push_str(
            "\nThe medians of each side:\n\n\
             | who | runtime | in flight | connections | work | calls/s | p50 us | p99 us | max us | CPU us per call |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for (setup, seen) in &rounds.seen {
            self.text.push_str(&side(setup, seen));
        }
    }

    /// Adds counts.
    pub(super) fn counts(&mut self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        if !self.counted {
            self.counted = true;
            self.text.push_str(
                "\n## Counts\n\nSlopes between two numbers of calls, on current-thread runtimes.\n\n\
                 | measure | floor | target | seen | holds |\n|---|---|---|---|---|\n",
            );
        }
        for line in lines {
            let holds = verdict(line.floor, line.target, |asked| line.seen <= asked);
            let (floor, target) = (number(line.floor), number(line.target));
            let seen = number(Some(line.seen));
            self.text.push_str(&format!("| {} | {floor} | {target} | {seen} | {holds} |\n", line.shows));
        }
    }

    pub(super) fn print(&self) {
        println!("\n{}", self.text);
    }

    pub(super) fn write(&self) -> Result {
        let path = cargo::root()?.join("docs/benchmarks.md");
        std::fs::write(&path, &self.text).doing(path.display())
    }
}

/// The line of a row.
fn ratio(row: &Row, seen: &Seen) -> String {
    let values = |setup: &Setup| -> Vec<f64> {
        seen.get(setup).into_iter().flatten().map(|measured| value(row.figure, measured)).collect()
    };
    let ours = values(&row.ours);
    let spread = match &row.theirs {
        Some(theirs) => Spread::of_ratios(&ours, &values(theirs)),
        None => Spread::of(&ours),
    };
    let Some(Spread { median, min, max }) = spread else {
        return format!("| {} | {} | | | nothing was measured | | |\n", row.name, row.shows);
    };
    format!(
        "| {} | {} | {} | {} | {median:.2} | {min:.2} .. {max:.2} | {} |\n",
        row.name,
        row.shows,
        number(row.floor),
        number(row.target),
        verdict(row.floor, row.target, |asked| row.holds(median, asked))
    )
}

/// What a row looks at.
fn value(figure: Figure, measured: &Measured) -> f64 {
    match figure {
        Figure::Rate => measured.rate(),
        Figure::Latency => measured.p50_us,
        Figure::Median => measured.p50_us / 1e3,
        Figure::Longest => measured.max_us / 1e3,
    }
}

/// The line of one side.
fn side(setup: &Setup, seen: &[Measured]) -> String {
    let median = |of: fn(&Measured) -> f64| {
        Spread::of(&seen.iter().map(of).collect::<Vec<_>>()).map_or(f64::NAN, |spread| spread.median)
    };
    format!(
        "| {} | {} | {} | {} | {} | {:.0} | {:.1} | {:.1} | {:.0} | {:.2} |\n",
        run::label(setup),
        setup.runtime.name(),
        setup.in_flight,
        setup.connections,
        setup.work,
        median(Measured::rate),
        median(|measured| measured.p50_us),
        median(|measured| measured.p99_us),
        median(|measured| measured.max_us),
        median(Measured::cpu_us)
    )
}

/// Whether the floor and the target hold.
fn verdict(floor: Option<f64>, target: Option<f64>, holds: impl Fn(f64) -> bool) -> &'static str {
    match (floor.map(&holds), target.map(&holds)) {
        (Some(false), _) => "**below the floor**",
        (_, Some(true)) => "target",
        (Some(true), _) => "floor",
        (None, _) => "",
    }
}

/// A number as short as it tells.
fn number(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value.abs() >= 1_000.0 => format!("{value:.0}"),
        Some(value) => {
            let text = format!("{value:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{number, ratio, verdict};
    use crate::bench::rows;
    use crate::bench::run::Measured;

    fn measured(calls: u64) -> Measured {
        let zero = 0.0;
        Measured {
            calls,
            seconds: 1.0,
            p50_us: 90.0,
            p99_us: zero,
            max_us: 3_000.0,
            client_cpu_s: zero,
            server_cpu_s: zero,
        }
    }

    #[test]
    fn a_row_tells_median_spread_and_whether_it_holds() {
        let row = &rows::chosen(Some("tonic-64-mt")).unwrap()[0];
        let of = |calls: [u64; 3]| calls.map(measured).to_vec();
        let seen = [(row.ours, of([120, 60, 110])), (row.theirs.unwrap(), of([10, 5, 10]))].into();
        let line = ratio(row, &seen);
        assert!(line.ends_with("| 10 | 15 | 12.00 | 11.00 .. 12.00 | floor |\n"), "{line}");
    }

    #[test]
    fn latencies_are_in_milliseconds_and_less_is_better() {
        let line = |name| {
            let row = &rows::chosen(Some(name)).unwrap()[0];
            ratio(row, &[(row.ours, vec![measured(1)])].into())
        };
        assert!(line("beside-p50").ends_with("| 1 | 0.2 | 0.09 | 0.09 .. 0.09 | target |\n"));
        assert!(line("beside-max").ends_with("| 20 | 10 | 3.00 | 3.00 .. 3.00 | target |\n"));
    }

    #[test]
    fn verdicts() {
        let above = |seen: f64| move |asked: f64| seen >= asked;
        assert_eq!(verdict(Some(2.0), Some(3.0), above(1.0)), "**below the floor**");
        assert_eq!(verdict(Some(2.0), Some(3.0), above(2.5)), "floor");
        assert_eq!(verdict(Some(2.0), Some(3.0), above(4.0)), "target");
        assert_eq!(verdict(None, None, above(4.0)), "");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([None, Some(0.05), Some(10.0), Some(5_413.2)].map(number), ["", "0.05", "10", "5413"]);
    }
}
