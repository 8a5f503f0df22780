//! SIGTERM with much under way: everything is finished or told, in time; a second one ends at once.

use std::time::{Duration, Instant};

use micro::{Client, Code, Error, Receiver, Result};
use micro_testing::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::joined;
use crate::caller::Caller;
use crate::desk::{Ask, Done, Held, Slow};
use crate::fleet::{ENDS, Fleet};
use crate::protocol::Protocol;
use crate::shown::Shown;

const LAME_DUCK: Duration = Duration::from_secs(2);
const DRAIN: Duration = Duration::from_secs(5);
/// What telling those who are not done, hooks and a busy machine add.
const AROUND: Duration = Duration::from_millis(1_500);
/// How many calls end in time, and how many never would.
const CALLS: (u64, u64) = (100, 100);
const STREAMS: u64 = 10;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut shown = Shown::default();
    once(protocol, &mut shown).await?;
    twice(protocol, &mut shown).await?;
    Ok(shown)
}

async fn once(protocol: Protocol, shown: &mut Shown) -> Result<()> {
    let mut fleet = fleet(protocol).await?;
    // HTTP/1.1 has 100 sockets to a node: as many calls as that are open from one caller.
    let (caller, other) = (Caller::new()?, Caller::new()?);
    caller.finds("desk", 1).await?;
    for caller in [&caller, &other] {
        // Found and connected.
        caller.client.call::<_, Held>(("desk", "Desk.Held"), ()).await?;
    }
    let short = calls(&other.client, 0..CALLS.0, LAME_DUCK + DRAIN / 2);
    let long = calls(&caller.client, CALLS.0..CALLS.0 + CALLS.1, Duration::from_secs(600));
    let mut streams = (Vec::new(), Vec::new());
    if protocol.is_multiplexed() {
        for number in 1_000..1_000 + STREAMS {
            streams.0.push(stream(&caller.client, "Desk.Tick", number).await?);
            streams.1.push(stream(&caller.client, "Desk.TickOn", number + STREAMS).await?);
        }
    }
    let process = &mut fleet.member(0).process;
    let address = process.line(ENDS, |line| line.strip_prefix("READY ").map(str::to_owned)).await?;
    let _silent = TcpStream::connect(&address).await?;
    let _idle = idle(&address).await?;
    sleep(Duration::from_millis(500)).await;

    let told = Instant::now();
    process.signal(Signal::Terminate)?;
    let exit = process.wait(ENDS).await?;
    let took = told.elapsed();
    shown.must(exit.code() == Some(0), format!("exit code {:?}", exit.code()));
    shown.must(
        took >= LAME_DUCK && took <= LAME_DUCK + DRAIN + AROUND,
        format!("ended {took:.1?} after SIGTERM: lame duck {LAME_DUCK:?}, drain {DRAIN:?}"),
    );
    let (mut answered, mut told_so) = (0, 0);
    for call in short {
        answered += u64::from(joined(call).await?.is_ok());
    }
    shown
        .must(answered == CALLS.0, format!("{answered} of {} calls that end in time were answered", CALLS.0));
    let mut other = None;
    for call in long {
        match joined(call).await? {
            Err(error) if is_told(&error) => told_so += 1,
            answer => other = Some(answer.map(|done| done.node)),
        }
    }
    shown
        .must(told_so == CALLS.1, format!("{told_so} of {} calls that do not were told; {other:?}", CALLS.1));
    if protocol.is_multiplexed() {
        let (ended, cut) = (ends(streams.0).await, ends(streams.1).await);
        let orderly = ended.iter().filter(|end| end.is_ok()).count() as u64;
        let told_so = cut.iter().filter(|end| end.as_ref().is_err_and(is_told)).count();
        shown.must(
            orderly == STREAMS,
            format!("{orderly} of {STREAMS} streams that heed the stop ended in order"),
        );
        shown.must(told_so as u64 == STREAMS, format!("{told_so} of {STREAMS} that do not were told"));
    }
    Ok(())
}

/// Whether somebody was told that the service stopped before the call was done, rather than cut off.
fn is_told(error: &Error) -> bool {
    error.code() == Code::Unavailable && error.reason() == "STOPPING"
}

async fn twice(protocol: Protocol, shown: &mut Shown) -> Result<()> {
    let mut fleet = fleet(protocol).await?;
    let caller = Caller::new()?;
    caller.finds("desk", 1).await?;
    let _calls = calls(&caller.client, 0..10, Duration::from_secs(600));
    let process = &mut fleet.member(0).process;
    sleep(Duration::from_millis(500)).await;
    process.signal(Signal::Terminate)?;
    sleep(Duration::from_secs(1)).await;
    let again = Instant::now();
    process.signal(Signal::Terminate)?;
    process.wait(ENDS).await?;
    let took = again.elapsed();
    shown.must(took < Duration::from_millis(500), format!("ended {took:.1?} after the second SIGTERM"));
    Ok(())
}

async fn fleet(protocol: Protocol) -> Result<Fleet> {
    Fleet::start(protocol, &[&format!("drain={}", DRAIN.as_micros())], &[&[]]).await
}

fn calls(client: &Client, numbers: std::ops::Range<u64>, time: Duration) -> Vec<JoinHandle<Result<Done>>> {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let one = |number| {
        // Longer than any drain: that the service stops is what ends them.
        let client = client.with_timeout(Duration::from_secs(60)).with_attempts(1);
        tokio::spawn(async move { client.call(("desk", "Desk.Wait"), Slow { number, millis }).await })
    };
    numbers.map(one).collect()
}

async fn stream(client: &Client, endpoint: &'static str, number: u64) -> Result<Receiver<Done>> {
    let mut ticks = client.server_stream(("desk", endpoint), Ask { number }).await?;
    ticks.next().await?;
    Ok(ticks)
}

/// How each stream ends.
async fn ends(streams: Vec<Receiver<Done>>) -> Vec<Result<()>> {
    let end = |mut ticks: Receiver<Done>| async move {
        while ticks.next().await?.is_some() {}
        Ok(())
    };
    futures_util::future::join_all(streams.into_iter().map(end)).await
}

/// A connection that was used once.
async fn idle(address: &str) -> Result<TcpStream> {
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n").await?;
    // The first bytes of the answer are enough: the rest is there with them.
    let mut status = [0; 12];
    socket.read_exact(&mut status).await?;
    Ok(socket)
}
