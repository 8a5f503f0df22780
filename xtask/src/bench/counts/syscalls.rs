//! System calls of the server.

use std::process::Command;
use std::time::Duration;

use super::{Line, beside, line};
use crate::bench::build::{self, Programs};
use crate::bench::peers::MICRO;
use crate::bench::rows::{Runtime, Setup};
use crate::bench::server::Server;
use crate::bench::slope::Slope;
use crate::bench::{limited, proc, run};
use crate::error::{Doing, Error, Result};
use crate::setup;

/// How long a client may take beside a server that is traced.
const LIMIT: Duration = Duration::from_secs(120);
/// The calls between which the slope is taken.
const CALLS: (u64, u64) = (10_000, 60_000);

/// With 64 calls in flight, which share system calls, and with one, which cannot.
pub(super) fn lines(programs: &Programs) -> Result<Vec<Line>> {
    setup::bench_packages()?;
    let mut lines = Vec::new();
    for name in programs.names().filter(|name| super::PEERS.contains(name)) {
        let (many, one) = (per_call(programs, name, 64)?, per_call(programs, name, 1)?);
        let shows = "server system calls per call, ";
        if name == MICRO {
            lines.push(line(&format!("{shows}64 in flight"), many, 0.08, 0.05));
        } else {
            lines.push(beside(format!("{name}: {shows}64 in flight"), many));
        }
        lines.push(beside(format!("{name}: {shows}1 in flight"), one));
    }
    Ok(lines)
}

fn per_call(programs: &Programs, peer: &'static str, in_flight: usize) -> Result<f64> {
    let few = (CALLS.0, traced(programs, peer, in_flight, CALLS.0)?);
    let many = (CALLS.1, traced(programs, peer, in_flight, CALLS.1)?);
    Ok(Slope { few, many }.per_call())
}

/// All system calls of a server, from its start to its end.
fn traced(programs: &Programs, peer: &'static str, in_flight: usize, calls: u64) -> Result<u64> {
    let setup = Setup {
        server: peer,
        client: peer,
        runtime: Runtime::Current,
        in_flight,
        connections: 1,
        work: "echo",
    };
    let summary = build::target()?.join(format!("strace-{}", std::process::id()));
    let mut command = Command::new("strace");
    command.args(["-c", "-f", "-o"]).arg(&summary).arg(programs.path(peer)?);
    let server = Server::start_by(&mut command, setup.runtime)?;
    let mut client = run::client(programs, &setup, &server, "client")?;
    limited::run(client.args(["--calls", &calls.to_string()]), LIMIT)?;
    server.stop()?;
    let text = std::fs::read_to_string(&summary).doing(summary.display())?;
    std::fs::remove_file(&summary).doing(summary.display())?;
    proc::strace(&text).ok_or_else(|| Error::new(format!("strace said {text}")))
}
