//! The rows: what is measured against what, with the floor that must hold and the target.

use super::peers::MICRO;
use crate::error::{Error, Result};

/// The runtime of server and client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Runtime {
    /// Two workers.
    Multi,
    /// One thread.
    Current,
}

impl Runtime {
    pub(super) const BOTH: [Self; 2] = [Self::Multi, Self::Current];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Multi => "mt",
            Self::Current => "ct",
        }
    }
}

/// One measurement: who calls whom with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Setup {
    pub(super) server: &'static str,
    pub(super) client: &'static str,
    pub(super) runtime: Runtime,
    pub(super) in_flight: usize,
    pub(super) connections: usize,
    pub(super) work: &'static str,
}

/// What of a measurement is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// Calls, or messages, a second: ours to theirs, more is better.
    Rate,
    /// The median latency: ours to theirs, less is better.
    Latency,
    /// The median latency in milliseconds.
    Median,
    /// The longest latency in milliseconds.
    Longest,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) shows: String,
    pub(super) ours: Setup,
    pub(super) theirs: Option<Setup>,
    pub(super) figure: Figure,
    pub(super) floor: Option<f64>,
    pub(super) target: Option<f64>,
}

impl Row {
    /// The programs it needs.
    pub(super) fn peers(&self) -> Vec<&'static str> {
        self.setups().flat_map(|setup| [setup.server, setup.client]).collect()
    }

    /// What is measured for it.
    pub(super) fn setups(&self) -> impl Iterator<Item = Setup> {
        std::iter::once(self.ours).chain(self.theirs)
    }

    /// Whether a figure is at least as good as another.
    pub(super) fn holds(&self, seen: f64, asked: f64) -> bool {
        if self.figure == Figure::Rate { seen >= asked } else { seen <= asked }
    }
}

fn setup(
    peer: &'static str,
    runtime: Runtime,
    in_flight: usize,
    connections: usize,
    work: &'static str,
) -> Setup {
    Setup { server: peer, client: peer, runtime, in_flight, connections, work }
}

/// Calls a second against a peer, on both runtimes with `[multi-thread, current-thread]` floors and targets.
struct Against {
    name: &'static str,
    shows: &'static str,
    peer: &'static str,
    in_flight: usize,
    connections: usize,
    work: &'static str,
    floor: [f64; 2],
    target: [f64; 2],
}

impl Against {
    fn rows(&self, rows: &mut Vec<Row>) {
        for (index, runtime) in Runtime::BOTH.into_iter().enumerate() {
            let known = |value: f64| (value > 0.0).then_some(value);
            let of = |peer| setup(peer, runtime, self.in_flight, self.connections, self.work);
            rows.push(Row {
                name: format!("{}-{}", self.name, runtime.name()),
                shows: format!("{}, {}", self.shows, runtime.name()),
                ours: of(MICRO),
                theirs: Some(of(self.peer)),
                figure: Figure::Rate,
                floor: known(self.floor[index]),
                target: known(self.target[index]),
            });
        }
    }
}

const fn against(
    name: &'static str,
    shows: &'static str,
    peer: &'static str,
    (in_flight, connections, work): (usize, usize, &'static str),
    floor: [f64; 2],
    target: [f64; 2],
) -> Against {
    Against { name, shows, peer, in_flight, connections, work, floor, target }
}

const SMALL: (usize, usize, &str) = (64, 1, "echo");

/// Nothing is asked of these rows.
const NONE: [f64; 2] = [0.0; 2];

/// Rows on both runtimes; zero is no floor.
const AGAINST: &[Against] = &[
    against(
        "tonic-64",
        "calls/s vs tonic, 64 in flight, 1 connection",
        "tonic",
        SMALL,
        [10.0, 11.0],
        [15.0, 17.0],
    ),
    against(
        "tonic-256",
        "calls/s vs tonic, 256 in flight, 8 connections",
        "tonic",
        (256, 8, "echo"),
        [13.0; 2],
        [19.0; 2],
    ),
    against(
        "tonic-yield",
        "the same, 64 in flight, handler yields once",
        "tonic",
        (64, 1, "yield"),
        [5.0, 7.0],
        [8.0, 11.0],
    ),
    against(
        "tonic-large-1",
        "64 KiB messages vs tonic, 1 in flight",
        "tonic",
        (1, 1, "large"),
        [1.8; 2],
        [2.5; 2],
    ),
    against(
        "tonic-large-64",
        "64 KiB messages vs tonic, 64 in flight",
        "tonic",
        (64, 1, "large"),
        [1.8; 2],
        [2.5; 2],
    ),
    against(
        "tonic-stream-1",
        "streamed messages/s vs tonic, 1 stream",
        "tonic",
        (1, 1, "numbers:1000"),
        [3.0; 2],
        [8.0; 2],
    ),
    against(
        "tonic-stream-64",
        "streamed messages/s vs tonic, 64 streams",
        "tonic",
        (64, 1, "numbers:1000"),
        [3.0; 2],
        [8.0; 2],
    ),
    against("tarpc-64", "calls/s vs tarpc, 64 in flight, 1 connection", "tarpc", SMALL, [2.5; 2], [4.0; 2]),
    against(
        "go-micro-64",
        "calls/s vs go-micro's default client and server, 64 in flight",
        "go-micro",
        SMALL,
        [70.0, 130.0],
        [110.0, 200.0],
    ),
    against(
        "grpc-go-64",
        "calls/s vs grpc-go, 64 in flight, 1 connection",
        "grpc-go",
        SMALL,
        [10.0; 2],
        [15.0; 2],
    ),
    against(
        "hyper-http2-64",
        "calls/s vs hyper HTTP/2 and prost, 64 in flight, 1 connection",
        "hyper-http2",
        SMALL,
        NONE,
        NONE,
    ),
    against(
        "volo-thrift-64",
        "calls/s vs volo-thrift with a pool, 64 in flight",
        "volo-thrift",
        SMALL,
        NONE,
        NONE,
    ),
    against(
        "connectrpc-64",
        "calls/s vs connectrpc, 64 in flight, 1 connection",
        "connectrpc",
        SMALL,
        NONE,
        NONE,
    ),
];

/// All rows.
pub(super) fn all() -> Vec<Row> {
    let mut rows = Vec::new();
    for against in AGAINST {
        against.rows(&mut rows);
    }
    for (name, shows, work, floor, target) in [
        (
            "tonic-compute-100us",
            "handler computes 100 us vs tonic, 64 in flight, mt",
            "compute:100",
            1.5,
            1.8,
        ),
        ("tonic-compute-1ms", "handler computes 1 ms vs tonic, 64 in flight, mt", "compute:1000", 1.0, 1.1),
    ] {
        let of = |peer| setup(peer, Runtime::Multi, 64, 1, work);
        rows.push(row(name, shows, of(MICRO), Some(of("tonic")), Figure::Rate, (floor, target)));
    }
    for runtime in Runtime::BOTH {
        let of = |peer| setup(peer, runtime, 1, 1, "echo");
        let name = format!("raw-p50-{}", runtime.name());
        let shows = format!("p50 with one call in flight vs raw tokio ping-pong, {}", runtime.name());
        rows.push(row(&name, &shows, of(MICRO), Some(of("raw-tokio")), Figure::Latency, (1.20, 1.08)));
    }
    for runtime in Runtime::BOTH {
        // The same client calls both.
        let raw = setup("hyper-http1", runtime, 64, 1, "echo");
        let name = format!("http1-json-{}", runtime.name());
        let shows = format!("HTTP/1.1 JSON vs raw hyper server, calls/s, 64 in flight, {}", runtime.name());
        let ours = Setup { server: MICRO, ..raw };
        rows.push(row(&name, &shows, ours, Some(raw), Figure::Rate, (0.75, 0.85)));
    }
    for runtime in Runtime::BOTH {
        // A loop that sends and reads 64 requests as one buffer: no system with a future for each call can reach it.
        let raw = setup("raw-tokio", runtime, 1, 1, "numbers:64");
        let ours = setup(MICRO, runtime, 64, 1, "echo");
        let name = format!("raw-pipelined-{}", runtime.name());
        let shows = format!("calls/s vs raw tokio, 64 at once in one write, {}", runtime.name());
        rows.push(Row {
            floor: None,
            target: None,
            ..row(&name, &shows, ours, Some(raw), Figure::Rate, (0.0, 0.0))
        });
    }
    let beside = setup(MICRO, Runtime::Multi, 2, 1, "beside");
    let shows = "latency beside a handler that computes for 50 ms, mt";
    rows.push(row("beside-p50", &format!("{shows}: p50, ms"), beside, None, Figure::Median, (1.0, 0.2)));
    rows.push(row("beside-max", &format!("{shows}: max, ms"), beside, None, Figure::Longest, (20.0, 10.0)));
    rows
}

fn row(
    name: &str,
    shows: &str,
    ours: Setup,
    theirs: Option<Setup>,
    figure: Figure,
    (floor, target): (f64, f64),
) -> Row {
    let (name, shows) = (name.to_owned(), shows.to_owned());
    Row { name, shows, ours, theirs, figure, floor: Some(floor), target: Some(target) }
}

/// All rows, or those whose name starts as asked for.
pub(super) fn chosen(asked: Option<&str>) -> Result<Vec<Row>> {
    let mut rows = all();
    let Some(asked) = asked else { return Ok(rows) };
    let names = rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>().join(", ");
    rows.retain(|row| row.name.starts_with(asked));
    if rows.is_empty() {
        return Err(Error::new(format!("no row starts with `{asked}`; there are {names}")));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Figure, all, chosen};
    use crate::bench::peers;

    #[test]
    fn names_are_unique_and_peers_are_known() {
        let rows = all();
        let names = rows.iter().map(|row| &row.name).collect::<BTreeSet<_>>();
        assert_eq!(names.len(), rows.len());
        for peer in rows.iter().flat_map(super::Row::peers) {
            assert!(peers::peer(peer).is_some(), "{peer}");
        }
    }

    #[test]
    fn targets_ask_for_more_than_floors() {
        for row in all() {
            if let (Some(floor), Some(target)) = (row.floor, row.target) {
                assert!(row.holds(target, floor) && !row.holds(floor, target), "{}", row.name);
            }
        }
    }

    #[test]
    fn rows_are_chosen_by_how_they_start() {
        let names = |asked| chosen(Some(asked)).unwrap().into_iter().map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(names("tonic-64"), ["tonic-64-mt", "tonic-64-ct"]);
        assert_eq!(names("beside-max"), ["beside-max"]);
        assert!(chosen(Some("gonic")).is_err());
        assert_eq!(chosen(Some("beside-p50")).unwrap()[0].figure, Figure::Median);
    }
}
