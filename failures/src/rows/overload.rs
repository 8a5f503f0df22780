//! A service on one core, and three times the calls that it can answer: it goes on answering what it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use micro::{Client, Result};
use micro_testing::{Load, Process};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::caller::{self, Caller};
use crate::desk::{Ask, Done};
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

/// For how long the capacity is measured, and how many calls are open meanwhile.
const MEASURED: (Duration, usize) = (Duration::from_secs(5), 8);
const OVERLOAD: Duration = Duration::from_secs(10);
const MEMORY: u64 = 64 * 1024 * 1024;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut fleet = Fleet::start_on("lo", &[0], protocol, &["burn=1000"], &[&[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", 1).await?;
    let process = &fleet.member(0).process;
    let capacity = capacity(&caller.client).await;
    sleep(Duration::from_secs(1)).await;
    let idle = process.usage()?.memory;

    let rate = (capacity * 3.0) as u32;
    // Who is still open at the end is given up, so that the load ends there.
    let load = Load::new(rate).in_flight(100_000).patience(Duration::ZERO);
    let overload = load.run_by(OVERLOAD, caller.ask("Desk.Book"));
    let (account, peak) = tokio::join!(overload, peak(process, OVERLOAD));
    let good = account.count(|record| record.is_answered() && record.due + record.took <= OVERLOAD);
    let goodput = good as f64 / OVERLOAD.as_secs_f64();

    sleep(Duration::from_secs(1)).await;
    let calm = Load::new((capacity / 2.0) as u32);
    let calm = calm.run_by(Duration::from_secs(3), caller::ask(caller.client.clone(), "Desk.Book")).await;

    let mut shown = Shown::default();
    shown.must(
        account.sent() >= 20_000,
        format!("{} calls, {rate} each second, for {capacity:.0} that can be answered", account.sent()),
    );
    shown.must(
        goodput >= capacity * 0.8,
        format!("{goodput:.0} answered each second: {:.0} %", goodput / capacity * 100.0),
    );
    let grown = peak.saturating_sub(idle);
    shown.must(
        grown <= MEMORY,
        format!("{:.1} MiB more memory at most than when idle", grown as f64 / 1_048_576.0),
    );
    let p99 = calm.latency(0.99);
    shown.must(
        calm.answered() == calm.sent() && p99 < Duration::from_millis(100),
        format!(
            "1 s later {} of {} calls at half the capacity answered, 99 % within {p99:.1?}",
            calm.answered(),
            calm.sent()
        ),
    );
    shown.note(format!("{account:#}"));
    Ok(shown)
}

/// How many calls are answered each second when as many are made as are answered.
async fn capacity(client: &Client) -> f64 {
    let (time, callers) = MEASURED;
    let answered = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (client, answered) = (client.clone(), answered.clone());
        tasks.spawn(async move {
            // Numbers of no account.
            while begun.elapsed() < time {
                if client.call::<_, Done>(("desk", "Desk.Book"), Ask { number: u64::MAX }).await.is_ok() {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    while tasks.join_next().await.is_some() {}
    answered.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

/// The most memory that a process has within a time.
async fn peak(process: &Process, time: Duration) -> u64 {
    let begun = Instant::now();
    let mut peak = 0;
    while begun.elapsed() < time {
        peak = process.usage().map_or(peak, |usage| usage.memory.max(peak));
        sleep(Duration::from_millis(50)).await;
    }
    peak
}
