//! The table of all rows.

use super::{Figure, Row, Runtime, Setup};
use crate::bench::peers::MICRO;

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
