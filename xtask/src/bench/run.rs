//! Rounds of measurements: every setup of all rows once in each, so that both sides of a ratio see the same machine.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::build::Programs;
use super::limited;
use super::options::Options;
use super::rows::{Row, Runtime, Setup};
use super::server::Server;
use crate::cargo;
use crate::error::{Doing, Error, Result};

/// How long a client may take beside the time it measures: to find its server, to connect, and to let the last calls
/// come back.
const LIMIT: Duration = Duration::from_secs(60);

/// What a client reports.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(super) struct Measured {
    pub(super) calls: u64,
    pub(super) seconds: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) max_us: f64,
    pub(super) client_cpu_s: f64,
    pub(super) server_cpu_s: f64,
}

impl Measured {
    pub(super) fn rate(&self) -> f64 {
        self.calls as f64 / self.seconds
    }

    /// Processor time of a call on both sides, in microseconds.
    pub(super) fn cpu_us(&self) -> f64 {
        (self.client_cpu_s + self.server_cpu_s) * 1e6 / (self.calls.max(1) as f64)
    }
}

/// What was seen of each setup, round by round.
pub(super) type Seen = BTreeMap<Setup, Vec<Measured>>;

/// The rows with what was seen of them, or why nothing was.
pub(super) struct Rounds {
    pub(super) rows: Vec<Row>,
    pub(super) left_out: Vec<(Row, String)>,
    pub(super) seen: Seen,
}

/// Measures all rows whose programs are there.
pub(super) fn rounds(programs: &Programs, rows: &[Row], options: &Options) -> Result<Rounds> {
    let mut found = Rounds { rows: Vec::new(), left_out: Vec::new(), seen: BTreeMap::new() };
    for row in rows {
        match row.peers().iter().find_map(|peer| programs.path(peer).err()) {
            Some(why) => found.left_out.push((row.clone(), why.to_string())),
            None => found.rows.push(row.clone()),
        }
    }
    let mut setups = Vec::new();
    for setup in found.rows.iter().flat_map(Row::setups) {
        if !setups.contains(&setup) {
            setups.push(setup);
        }
    }

    let mut servers = BTreeMap::new();
    for round in 1..=options.rounds {
        for setup in &setups {
            let server = server(&mut servers, programs, setup)?;
            let measured = measure(programs, setup, server, options)
                .map_err(|error| Error::new(format!("round {round}, {setup:?}: {error}")))?;
            println!(
                "round {round}: {:<12} {} {:>3} in flight, {} connections, {:<12} {:>9.0}/s p50 {:>8.1} us, \
                 p99 {:>8.1} us, cpu {:>6.2} us",
                label(setup),
                setup.runtime.name(),
                setup.in_flight,
                setup.connections,
                setup.work,
                measured.rate(),
                measured.p50_us,
                measured.p99_us,
                measured.cpu_us()
            );
            found.seen.entry(*setup).or_default().push(measured);
        }
        // Whoever is disturbed by what ran before it is so in every other round only.
        setups.reverse();
    }
    servers.into_values().try_for_each(Server::stop)?;
    Ok(found)
}

/// Who is measured.
pub(super) fn label(setup: &Setup) -> String {
    if setup.server == setup.client {
        return setup.server.to_owned();
    }
    format!("{} -> {}", setup.client, setup.server)
}

/// The running server of a setup; they all run from first to last, and wait when they are not called.
fn server<'a>(
    servers: &'a mut BTreeMap<(&'static str, Runtime), Server>,
    programs: &Programs,
    setup: &Setup,
) -> Result<&'a Server> {
    match servers.entry((setup.server, setup.runtime)) {
        Entry::Occupied(running) => Ok(running.into_mut()),
        Entry::Vacant(none) => Ok(none.insert(Server::start(programs.path(setup.server)?, setup.runtime)?)),
    }
}

/// One client, from its start to its report.
fn measure(programs: &Programs, setup: &Setup, server: &Server, options: &Options) -> Result<Measured> {
    let (warm, window) = options.times();
    let mut command = client(programs, setup, server, "client")?;
    command.arg("--warm-ms").arg(warm.to_string()).arg("--window-ms").arg(window.to_string());
    let said = limited::run(&mut command, LIMIT + Duration::from_millis(warm + window))?;
    let measured: Measured = serde_json::from_str(said.output.trim()).doing(&said.output)?;
    if measured.calls == 0 {
        return Err(Error::new("no call was answered within the window"));
    }
    Ok(measured)
}

/// The client of a setup in a role, with all but how long it calls.
pub(super) fn client(programs: &Programs, setup: &Setup, server: &Server, role: &str) -> Result<Command> {
    let mut command = Command::new(programs.path(setup.client)?);
    cargo::clean_environment(&mut command);
    command.args([role, "--runtime", setup.runtime.name(), "--work", setup.work]);
    command.args(["--address", &server.address, "--pid", &server.pid.to_string()]);
    command.args(["--in-flight", &setup.in_flight.to_string()]);
    command.args(["--connections", &setup.connections.to_string()]);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn reads_a_report() {
        let text = r#"{"calls":500,"seconds":0.5,"p50_us":12.5,"p99_us":30.0,"max_us":90.1,
                       "client_cpu_s":0.20,"server_cpu_s":0.30}"#;
        let measured: Measured = serde_json::from_str(text).unwrap();
        assert_eq!((measured.rate(), measured.cpu_us()), (1000.0, 1000.0));
    }
}
