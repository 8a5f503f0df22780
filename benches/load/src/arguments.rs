//! What a peer is told.

use std::net::SocketAddr;
use std::time::Duration;

use crate::peer::Result;
use crate::work::Work;

/// What a process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It serves until its standard input is closed.
    Server,
    /// It calls a server and reports.
    Client,
    /// It holds connections or streams to a server, and reports what they cost there.
    Hold,
    /// Both on one runtime, for counts: it makes so many calls and ends.
    Both,
}

/// The runtime of a process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runtime {
    /// One thread.
    CurrentThread,
    /// Two workers.
    MultiThread,
}

/// All that a peer is told.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// What the process is.
    pub role: Role,
    /// What it runs on.
    pub runtime: Runtime,
    /// Where the server is: of a client.
    pub address: SocketAddr,
    /// The server's process: of a client.
    pub pid: u32,
    /// How many calls are in flight.
    pub in_flight: usize,
    /// Over how many connections.
    pub connections: usize,
    /// What is asked for.
    pub work: Work,
    /// How long calls are made before they count.
    pub warm: Duration,
    /// How long they count.
    pub window: Duration,
    /// Makes so many calls instead, without looking at a clock.
    pub calls: Option<u64>,
}

impl Arguments {
    /// Reads `ROLE [--name value]..`.
    ///
    /// # Errors
    /// What is not known.
    pub fn read(words: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut words = words.into_iter();
        let role = match words.next().as_deref() {
            Some("server") => Role::Server,
            Some("client") => Role::Client,
            Some("hold") => Role::Hold,
            Some("both") => Role::Both,
            other => return Err(format!("write server, client, hold or both, not {other:?}").into()),
        };
        let mut arguments = Self {
            role,
            runtime: Runtime::CurrentThread,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            pid: 0,
            in_flight: 1,
            connections: 1,
            work: Work::Echo,
            warm: Duration::from_millis(250),
            window: Duration::from_millis(500),
            calls: None,
        };
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{name}` needs a value"))?;
            arguments.set(&name, &value).map_err(|error| format!("{name} {value}: {error}"))?;
        }
        Ok(arguments)
    }

    fn set(&mut self, name: &str, value: &str) -> Result {
        match name {
            "--runtime" if value == "ct" => self.runtime = Runtime::CurrentThread,
            "--runtime" if value == "mt" => self.runtime = Runtime::MultiThread,
            "--address" => self.address = value.parse()?,
            "--pid" => self.pid = value.parse()?,
            "--in-flight" => self.in_flight = value.parse()?,
            "--connections" => self.connections = value.parse()?,
            "--work" => self.work = value.parse()?,
            "--warm-ms" => self.warm = Duration::from_millis(value.parse()?),
            "--window-ms" => self.window = Duration::from_millis(value.parse()?),
            "--calls" => self.calls = Some(value.parse()?),
            _ => return Err("not known".into()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Role, Runtime};
    use crate::Work;

    fn read(line: &str) -> crate::Result<Arguments> {
        Arguments::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_a_line() {
        let read =
            read("client --runtime mt --address 127.0.0.1:9 --pid 7 --in-flight 64 --work compute:100");
        let read = read.unwrap();
        assert_eq!((read.role, read.runtime), (Role::Client, Runtime::MultiThread));
        assert_eq!((read.address.port(), read.pid, read.in_flight), (9, 7, 64));
        assert_eq!((read.work, read.connections, read.calls), (Work::Compute(100), 1, None));
    }

    #[test]
    fn says_what_it_does_not_know() {
        for line in ["", "both --calls", "server --runtime st", "server --colour red", "both --calls many"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
