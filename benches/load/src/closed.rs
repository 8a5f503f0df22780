//! The closed loop: as many calls in flight as asked for, each followed by the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use tokio::task::JoinSet;

use crate::histogram::Histogram;
use crate::peer::{Client, Result};
use crate::report::Report;
use crate::work::{Ask, Work};
use crate::{Arguments, cpu};

/// Calls are made, and do not count yet.
const WARM: u8 = 0;
/// They count.
const COUNTED: u8 = 1;
/// No more are made.
const OVER: u8 = 2;

/// What one place in the loop has seen.
struct Seen {
    calls: u64,
    latencies: Histogram,
}

/// Makes calls for a while, then counts them for the window.
pub(crate) async fn measure<C: Client>(clients: &[C], arguments: &Arguments) -> Result<Report> {
    let phase = Arc::new(AtomicU8::new(WARM));
    let mut places = JoinSet::new();
    for index in 0..arguments.in_flight {
        let client = clients.get(index % clients.len()).ok_or("the peer made no client")?.clone();
        places.spawn(place(client, arguments.work, index, phase.clone()));
    }

    tokio::time::sleep(arguments.warm).await;
    let cpu = || -> Result<_> { Ok((cpu::used(std::process::id())?, cpu::used(arguments.pid)?)) };
    let (client, server) = cpu()?;
    let started = Instant::now();
    phase.store(COUNTED, Ordering::Relaxed);
    tokio::time::sleep(arguments.window).await;
    phase.store(OVER, Ordering::Relaxed);
    let time = started.elapsed();
    let (client_now, server_now) = cpu()?;

    let mut sum = Seen { calls: 0, latencies: Histogram::new() };
    while let Some(seen) = places.join_next().await {
        let seen = seen??;
        sum.calls += seen.calls;
        sum.latencies.add(&seen.latencies);
    }
    Ok(Report {
        calls: sum.calls,
        time,
        latencies: sum.latencies,
        client_cpu: client_now.saturating_sub(client),
        server_cpu: server_now.saturating_sub(server),
    })
}

/// One place in the loop, which has one call in flight.
async fn place<C: Client>(client: C, work: Work, index: usize, phase: Arc<AtomicU8>) -> Result<Seen> {
    let (ask, text) = work.of(index);
    let mut seen = Seen { calls: 0, latencies: Histogram::new() };
    loop {
        let started = Instant::now();
        match ask {
            Some(ask) => {
                checked(&client, ask, &text).await?;
                match phase.load(Ordering::Relaxed) {
                    COUNTED if work.counts(index) => {
                        seen.latencies.record(started.elapsed());
                        seen.calls += 1;
                    }
                    OVER => return Ok(seen),
                    _ => {}
                }
            }
            None => {
                let count = |messages| {
                    if phase.load(Ordering::Relaxed) == COUNTED {
                        seen.calls += messages;
                    }
                };
                client.numbers(text.clone(), count).await?;
                if phase.load(Ordering::Relaxed) == OVER {
                    return Ok(seen);
                }
            }
        }
    }
}

/// A call whose answer is what it should be: work that is not done would be done fast.
pub(crate) async fn checked<C: Client>(client: &C, ask: Ask, text: &str) -> Result {
    let answer = client.call(ask, text.to_owned()).await?;
    if answer.len() == text.len() + 8 {
        return Ok(());
    }
    Err(format!("{} bytes were answered with {}", text.len(), answer.len()).into())
}
