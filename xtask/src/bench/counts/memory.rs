//! Memory of the server for what is open and does nothing.

use std::time::Duration;

use serde::Deserialize;

use super::{Line, beside, line};
use crate::bench::build::Programs;
use crate::bench::peers::MICRO;
use crate::bench::rows::{Runtime, Setup};
use crate::bench::server::Server;
use crate::bench::{limited, run};
use crate::error::{Doing, Result};

/// How long a client may take to open all it holds.
const LIMIT: Duration = Duration::from_secs(120);
/// How many connections and streams are held.
const HELD: usize = 1_000;

/// Of connections with one answered call each, and of open streams over four connections.
pub(super) fn lines(programs: &Programs) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for name in programs.names().filter(|name| super::PEERS.contains(name)) {
        let of = |in_flight, connections, work| Setup {
            server: name,
            client: name,
            runtime: Runtime::Multi,
            in_flight,
            connections,
            work,
        };
        let connection = held(programs, &of(1, HELD, "echo"))?.kib_each();
        let shows = "RSS per idle connection on the server, KiB";
        if name == MICRO {
            lines.push(line(shows, connection, 16.0, 6.0));
            let streams = held(programs, &of(HELD, 4, "numbers:1"))?.kib_each() * 1_000.0;
            lines.push(beside("RSS per 1,000 open streams on the server, KiB".to_owned(), streams));
        } else {
            lines.push(beside(format!("{name}: {shows}"), connection));
        }
    }
    Ok(lines)
}

/// What a client reports.
#[derive(Deserialize)]
struct Held {
    held: u32,
    before_kib: u64,
    after_kib: u64,
}

impl Held {
    fn kib_each(&self) -> f64 {
        (self.after_kib as f64 - self.before_kib as f64) / f64::from(self.held.max(1))
    }
}

/// With a server of its own, which has no memory left over from others.
fn held(programs: &Programs, setup: &Setup) -> Result<Held> {
    let server = Server::start(programs.path(setup.server)?, setup.runtime)?;
    let said = limited::run(&mut run::client(programs, setup, &server, "hold")?, LIMIT)?;
    server.stop()?;
    serde_json::from_str(said.output.trim()).doing(&said.output)
}

#[cfg(test)]
mod tests {
    use super::Held;

    #[test]
    fn memory_is_shared_out() {
        let held: Held =
            serde_json::from_str(r#"{"held":1000,"before_kib":9000,"after_kib":15000}"#).unwrap();
        assert_eq!(held.kib_each(), 6.0);
    }
}
