//! What idle connections and open streams cost a server in memory.

use std::fmt;
use std::time::Duration;

use crate::peer::{Client, Peer, Result, Target};
use crate::work::{Ask, Work};
use crate::{Arguments, closed};

/// What is made before the first look at the server, so that what it makes once is not counted.
const FIRST: usize = 20;

/// How long what is held is left alone before the server is looked at: what is given back after a while is not of what is
/// idle.
const REST: Duration = Duration::from_secs(1);

/// The server's memory before and after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    count: usize,
    before_kib: u64,
    after_kib: u64,
}

/// Makes connections with one answered call each, or opens streams, and holds all of them while it looks.
pub(crate) async fn hold<P: Peer>(peer: &P, arguments: &Arguments, target: Target) -> Result<Held> {
    match arguments.work {
        Work::Echo => connections(peer, target).await,
        Work::Numbers(_) => streams(&peer.connect(target).await?, target).await,
        other => Err(format!("{other} cannot be held: echo is connections, numbers:1 is streams").into()),
    }
}

async fn connections<P: Peer>(peer: &P, target: Target) -> Result<Held> {
    let (one, mut clients, mut before_kib) =
        (Target { connections: 1, in_flight: 1, ..target }, Vec::new(), 0);
    let (ask, text) = Work::Echo.of(0);
    for made in 0..FIRST + target.connections {
        if made == FIRST {
            before_kib = rested(target.pid).await?;
        }
        for client in peer.connect(one).await? {
            closed::checked(&client, ask.unwrap_or(Ask::Echo), &text).await?;
            clients.push(client);
        }
    }
    let after_kib = rested(target.pid).await?;
    Ok(Held { count: target.connections, before_kib, after_kib })
}

async fn streams<C: Client>(clients: &[C], target: Target) -> Result<Held> {
    let (mut open, mut before_kib) = (Vec::new(), 0);
    for made in 0..FIRST + target.in_flight {
        if made == FIRST {
            before_kib = rested(target.pid).await?;
        }
        let client = clients.get(made % clients.len()).ok_or("the peer made no client")?;
        open.push(client.open().await?);
    }
    let after_kib = rested(target.pid).await?;
    Ok(Held { count: target.in_flight, before_kib, after_kib })
}

/// What a process has when it has been left alone.
async fn rested(pid: u32) -> Result<u64> {
    tokio::time::sleep(REST).await;
    resident(pid)
}

/// `VmRSS` of a process.
fn resident(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    parse(&text).ok_or_else(|| format!("{path} has no VmRSS").into())
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, before_kib, after_kib } = self;
        write!(f, "{{\"held\":{count},\"before_kib\":{before_kib},\"after_kib\":{after_kib}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::{parse, resident};

    #[test]
    fn reads_resident_memory() {
        assert_eq!(parse("VmHWM:\t  999 kB\nVmRSS:\t   12345 kB\nThreads:\t1\n"), Some(12_345));
        assert_eq!(parse("VmHWM:\t 9 kB\n"), None);
        assert!(resident(std::process::id()).unwrap() > 0);
    }
}
