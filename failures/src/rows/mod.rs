//! The rows of the table, in its order.

mod chain;
mod cut;
mod dropped;
mod kills;
mod left;
mod overload;
mod registry;
mod restarts;
mod retries;
mod shares;
mod sigterm;
mod stopped;

use std::future::Future;
use std::pin::Pin;
use std::process::{Command, Stdio};
use std::time::Instant;

use micro::{Error, Result};
use tokio::task::JoinHandle;

use crate::arguments::Arguments;
use crate::fleet::program;
use crate::protocol::Protocol;
use crate::shown::Shown;

/// A row: what is done, what must hold, and how it is shown.
pub(crate) struct Row {
    name: &'static str,
    place: Place,
    show: fn(Protocol) -> Showing,
}

type Showing = Pin<Box<dyn Future<Output = Result<Shown>>>>;

/// What a row needs beside a process of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: it may share loopback with others, if need be.
    Anywhere,
    /// A network of its own, which it breaks.
    Namespace,
    /// The second core: the first one is the service's.
    SecondCore,
}

/// All rows. Their numbers count from one.
pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "ten rolling restarts of 3 processes",
        place: Place::Anywhere,
        show: |p| Box::pin(restarts::show(p)),
    },
    Row {
        name: "ten `kill -9` among 3 processes",
        place: Place::Anywhere,
        show: |p| Box::pin(kills::show(p)),
    },
    Row {
        name: "one of 3 processes stopped for 10 s",
        place: Place::Anywhere,
        show: |p| Box::pin(stopped::show(p)),
    },
    Row {
        name: "packets of one node dropped",
        place: Place::Namespace,
        show: |p| Box::pin(dropped::show(p)),
    },
    Row {
        name: "connections cut at random instants",
        place: Place::Anywhere,
        show: |p| Box::pin(cut::show(p)),
    },
    Row {
        name: "a node that is always unavailable",
        place: Place::Anywhere,
        show: |p| Box::pin(retries::show(p)),
    },
    Row {
        name: "one of 4 nodes fails fast, or is slow",
        place: Place::Anywhere,
        show: |p| Box::pin(shares::show(p)),
    },
    Row {
        name: "a chain of five services, and a deadline",
        place: Place::Anywhere,
        show: |p| Box::pin(chain::show(p)),
    },
    Row { name: "a registry in trouble", place: Place::Namespace, show: |p| Box::pin(registry::show(p)) },
    Row { name: "SIGTERM with much under way", place: Place::Anywhere, show: |p| Box::pin(sigterm::show(p)) },
    Row { name: "three times the capacity", place: Place::SecondCore, show: |p| Box::pin(overload::show(p)) },
    Row {
        name: "100,000 calls, cancelled at random",
        place: Place::Anywhere,
        show: |p| Box::pin(left::show(p)),
    },
];

/// Shows the rows that are asked for, each in a process of its own, and says whether all of them hold.
pub(crate) fn run(arguments: &Arguments) -> Result<bool> {
    let numbers = if arguments.rows.is_empty() { (1..=ROWS.len()).collect() } else { arguments.rows.clone() };
    let namespaces = arguments.inside || can_make_namespaces();
    let mut failed = Vec::new();
    for number in numbers {
        let row = &ROWS[number - 1];
        for protocol in &arguments.protocols {
            let holds = if arguments.inside {
                here(number, row, *protocol)?
            } else if namespaces || row.place != Place::Namespace {
                elsewhere(number, namespaces, *protocol)?
            } else {
                println!(
                    "row {number:>2}  {:<44} {protocol}  DID NOT RUN: it makes network namespaces, which needs root",
                    row.name
                );
                false
            };
            if !holds {
                failed.push(format!("{number} ({protocol})"));
            }
        }
    }
    if !arguments.inside {
        let verdict = if failed.is_empty() {
            "all rows hold".to_owned()
        } else {
            format!("NOT: rows {}", failed.join(", "))
        };
        println!("{verdict}");
    }
    Ok(failed.is_empty())
}

/// Shows a row in this process.
fn here(number: usize, row: &Row, protocol: Protocol) -> Result<bool> {
    if row.place == Place::SecondCore {
        micro_testing::process::pin_self(&[1])?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let begun = Instant::now();
    let shown = runtime.block_on((row.show)(protocol)).unwrap_or_else(|error| {
        let mut shown = Shown::default();
        shown.must(false, format!("the row came to its end: {error:?}"));
        shown
    });
    let verdict = if shown.holds() { "holds" } else { "DOES NOT HOLD" };
    let seconds = begun.elapsed().as_secs();
    println!("row {number:>2}  {:<44} {protocol}  {verdict:<13} {seconds:>4} s", row.name);
    print!("{shown}");
    Ok(shown.holds())
}

/// Shows a row in another process of this program: in a network of its own where that can be had, so that nothing else
/// that speaks mDNS on loopback is found.
fn elsewhere(number: usize, namespace: bool, protocol: Protocol) -> Result<bool> {
    let mut command = if namespace { unshared() } else { Command::new("env") };
    command.arg(program()?);
    command.args(["--inside", "--row", &number.to_string(), "--protocol", &protocol.to_string()]);
    Ok(command.status()?.success())
}

fn unshared() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]);
    command
}

fn can_make_namespaces() -> bool {
    unshared().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// What a task ends with.
async fn joined<T>(task: JoinHandle<T>) -> Result<T> {
    task.await.map_err(|error| Error::internal(format!("a part of the row ended: {error}")))
}
