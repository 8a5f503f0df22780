//! 100,000 calls of which many are given up at random instants: nothing is left behind.

use std::time::Duration;

use micro::{Client, Result};
use micro_testing::process::Usage;
use micro_testing::{Random, Seed};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::caller::Caller;
use crate::desk::{Ask, Done, Held};
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const CALLS: u32 = 100_000;
/// How many are made each second.
const RATE: u32 = 5_000;
/// Memory is compared with that of a process that has worked already.
const WARM: u32 = 30_000;
/// How long idle sockets may stay: the pool's 60 s and its sweep, or the server's 75 s.
const SETTLED: Duration = Duration::from_secs(80);

/// What is held on both sides.
#[derive(Clone, Copy, Debug)]
struct Kept {
    tasks: (usize, u64),
    descriptors: (usize, usize),
    memory: (u64, u64),
}

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let seed = Seed::new();
    let mut fleet = Fleet::start(protocol, &[], &[&[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", 1).await?;
    let cold = kept(&mut fleet, &caller.client).await?;
    let mut random = seed.random(0);
    cancelled(&caller.client, &mut random, WARM).await;
    sleep(Duration::from_secs(3)).await;
    let warm = kept(&mut fleet, &caller.client).await?;
    let answered = cancelled(&caller.client, &mut random, CALLS).await;
    let after = settled(&mut fleet, &caller.client, &cold).await?;

    let mut shown = Shown::default();
    let calls = f64::from(CALLS);
    let given_up = calls - answered as f64;
    shown.must(
        given_up > calls * 0.1 && given_up < calls * 0.9,
        format!("{given_up:.0} of {calls:.0} calls given up (seed {})", seed.number()),
    );
    let no_more = |after: usize, before: usize| after <= before;
    shown.must(
        no_more(after.tasks.0, cold.tasks.0) && after.tasks.1 <= cold.tasks.1,
        format!("tasks, watches among them: {:?}, before {:?} (caller, service)", after.tasks, cold.tasks),
    );
    shown.must(
        no_more(after.descriptors.0, cold.descriptors.0) && no_more(after.descriptors.1, cold.descriptors.1),
        format!("descriptors: {:?}, before {:?}", after.descriptors, cold.descriptors),
    );
    let within = |after: u64, before: u64| after as f64 <= before as f64 * 1.1;
    shown.must(
        within(after.memory.0, warm.memory.0) && within(after.memory.1, warm.memory.1),
        format!("bytes of memory: {:?}, before {:?}", after.memory, warm.memory),
    );
    Ok(shown)
}

/// Makes calls that are given up after 0 to 4 ms; returns how many were answered before. The load generator would
/// remember each call, which is what is measured here.
async fn cancelled(client: &Client, random: &mut Random, calls: u32) -> usize {
    let (begun, mut tasks, mut answered) = (Instant::now(), JoinSet::new(), 0);
    for number in 0..calls {
        sleep_until(begun + Duration::from_secs(1) * number / RATE).await;
        let (client, patience) = (client.clone(), random.time(&(Duration::ZERO..Duration::from_millis(4))));
        tasks.spawn(async move {
            let call = client.call::<_, Done>(("desk", "Desk.Nap"), Ask { number: number.into() });
            timeout(patience, call).await.is_ok_and(|answer| answer.is_ok())
        });
        while let Some(call) = tasks.try_join_next() {
            answered += usize::from(call.unwrap_or(false));
        }
    }
    while let Some(call) = tasks.join_next().await {
        answered += usize::from(call.unwrap_or(false));
    }
    answered
}

/// What is held once idle connections have gone, at the latest. Those are left alone until then: a call that asks would
/// have each of them say that it lives, which is no idleness.
async fn settled(fleet: &mut Fleet, client: &Client, before: &Kept) -> Result<Kept> {
    let begun = Instant::now();
    loop {
        sleep(Duration::from_secs(2)).await;
        let (tasks, own, theirs) = (tasks(), Usage::of_self()?, fleet.member(0).process.usage()?);
        let back = tasks <= before.tasks.0
            && own.descriptors <= before.descriptors.0
            && theirs.descriptors <= before.descriptors.1;
        if back || begun.elapsed() > SETTLED {
            return kept(fleet, client).await;
        }
    }
}

async fn kept(fleet: &mut Fleet, client: &Client) -> Result<Kept> {
    let held: Held = client.call(("desk", "Desk.Held"), ()).await?;
    let (own, theirs) = (Usage::of_self()?, fleet.member(0).process.usage()?);
    Ok(Kept {
        tasks: (tasks(), held.tasks),
        descriptors: (own.descriptors, theirs.descriptors),
        memory: (own.memory, theirs.memory),
    })
}

/// How many tasks this process has.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
