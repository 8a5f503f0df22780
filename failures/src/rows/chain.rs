//! A chain of five services and a deadline of 300 ms, of which the last one knows nothing: all of them hear of its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use micro::{Code, Context, Result, Service, handler};
use micro_testing::Load;
use tokio::time::sleep;

use super::joined;
use crate::caller::{Caller, on};
use crate::desk::Ask;
use crate::protocol::Protocol;
use crate::shown::Shown;

const DEADLINE: Duration = Duration::from_millis(300);
const SEEN: Duration = Duration::from_millis(350);
const SERVICES: [&str; 5] = ["chain-0", "chain-1", "chain-2", "chain-3", "chain-4"];
/// So many nodes has each: 300 calls are open at a time, HTTP/1.1 has 100 sockets to a node, and half of the nodes may be
/// left alone because all of their calls fail.
const NODES: usize = 8;
/// Calls of this number are answered: after some of them everybody has found and connected to everybody.
const WARM: u64 = u64::MAX;

/// What the handlers of a call have seen.
#[derive(Default)]
struct Seen {
    began: Option<Instant>,
    /// Which services saw it cancelled, and how long after the begin the last of them did.
    cancelled: [bool; SERVICES.len()],
    last: Duration,
    /// The time that the one before had left when it called.
    left: Duration,
    /// Whether somebody saw more than the one before him.
    more: bool,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<HashMap<u64, Seen>>>);

impl Log {
    fn with<T>(&self, call: u64, change: impl FnOnce(&mut Seen) -> T) -> T {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(call).or_default())
    }
}

/// One service of the chain.
#[derive(Clone)]
struct Link {
    index: usize,
    log: Log,
}

#[handler]
impl Link {
    /// Calls the next one, or never answers.
    async fn call(&self, ctx: &Context, ask: Ask) -> Result<()> {
        if ask.number == WARM {
            return match SERVICES.get(self.index + 1) {
                Some(next) => ctx.client().call((*next, "Link.Call"), ask).await,
                None => Ok(()),
            };
        }
        let left = ctx.time_left().unwrap_or(Duration::MAX);
        let (log, index, number) = (self.log.clone(), self.index, ask.number);
        log.with(number, |seen| seen.more |= left > seen.left);
        let cancelled = ctx.cancelled();
        tokio::spawn(async move {
            cancelled.await;
            log.with(number, |seen| {
                seen.cancelled[index] = true;
                seen.last = seen.last.max(seen.began.map(|began| began.elapsed()).unwrap_or(Duration::MAX));
            });
        });
        let Some(next) = SERVICES.get(self.index + 1) else {
            sleep(Duration::from_secs(60)).await;
            return Ok(());
        };
        self.log.with(number, |seen| seen.left = ctx.time_left().unwrap_or(Duration::MAX));
        ctx.client().call((*next, "Link.Call"), ask).await
    }
}

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let log = Log::default();
    let caller = Caller::new()?;
    let mut group = Vec::new();
    for (index, name) in SERVICES.into_iter().enumerate() {
        for _ in 0..NODES {
            let link = Link { index, log: log.clone() };
            // One for all: forty that hear each other's announcements would be what is measured.
            let node = node(name, protocol).registry(caller.registry());
            group.push(node.handle(link).start().await?);
        }
    }
    for name in SERVICES {
        caller.finds(name, NODES).await?;
    }
    let warm = (0..100 * NODES)
        .map(|_| caller.client.call::<_, ()>((SERVICES[0], "Link.Call"), Ask { number: WARM }));
    futures_util::future::try_join_all(warm).await?;
    let client = caller.client.with_timeout(DEADLINE);
    let calls = log.clone();
    let load = Load::new(1_000).run(Duration::from_secs(21), move |number| {
        calls.with(number, |seen| (seen.began, seen.left) = (Some(Instant::now()), DEADLINE));
        let client = client.clone();
        async move { client.call::<_, ()>((SERVICES[0], "Link.Call"), Ask { number }).await }
    });
    let account = joined(tokio::spawn(load)).await?;
    sleep(Duration::from_secs(1)).await;

    let seen = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    let count = |wanted: fn(&Seen) -> bool| seen.values().filter(|seen| wanted(seen)).count();
    let whole = count(|seen| seen.cancelled.iter().all(|cancelled| *cancelled));
    let in_time = count(|seen| seen.last <= SEEN);
    let more = count(|seen| seen.more);
    let last = seen.values().map(|seen| seen.last).max().unwrap_or_default();

    let mut shown = Shown::default();
    let (sent, expired) = (account.sent(), account.failed_with(Code::DeadlineExceeded));
    shown.must(
        sent >= 20_000 && expired == sent,
        format!("{expired} of {sent} calls ended at their deadline"),
    );
    shown.must(whole == sent, format!("{whole} were seen cancelled by all five handlers"));
    shown.must(in_time == sent, format!("{in_time} of them within {SEEN:?}, the last after {last:.1?}"));
    shown.must(more == 0, format!("{more} handlers saw more time left than their caller had"));
    shown.note(format!("{account:#}"));
    Ok(shown)
}

fn node(name: &str, protocol: Protocol) -> Service {
    Service::new(name)
        .settings(on("lo"))
        .address("127.0.0.1:0")
        .lame_duck(Duration::ZERO)
        .handle_signals(false)
        .limits(|limits| protocol.limit(&mut limits.protocols))
}
