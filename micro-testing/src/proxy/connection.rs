use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::pump::{Pump, Stopped, changed};
use super::{Cut, Order, Shared, locked};
use crate::Random;

/// A connection from a client, with the one to the target behind it, until either ends or it is cut.
pub(super) async fn run(shared: Arc<Shared>, client: TcpStream, number: u64, order: watch::Receiver<Order>) {
    let ended = forward(&shared, client, number, order).await;
    if ended.is_some() {
        shared.counts.cut.fetch_add(1, Ordering::Relaxed);
    }
    shared.leave(number);
}

/// Forwards both ways. Says how the connection was cut, if it was.
async fn forward(
    shared: &Shared,
    mut client: TcpStream,
    number: u64,
    order: watch::Receiver<Order>,
) -> Option<Cut> {
    let address = *locked(&shared.target);
    let Ok(mut target) = TcpStream::connect(address).await else {
        end(&mut client, Cut::Reset).await;
        return None;
    };
    // What was written is on its way at once, as without a proxy.
    for stream in [&client, &target] {
        let _ = stream.set_nodelay(true);
    }
    let random = |stream: u64| Random::of(shared.seed, number * 3 + stream);
    let passed = AtomicU64::new(0);
    let (client_read, client_write) = client.split();
    let (target_read, target_write) = target.split();
    let to_target = Pump {
        flow: |faults| &faults.to_target,
        order: order.clone(),
        random: random(0),
        passed: &passed,
        count: &shared.counts.to_target,
    };
    let from_target = Pump {
        flow: |faults| &faults.from_target,
        order: order.clone(),
        random: random(1),
        passed: &passed,
        count: &shared.counts.from_target,
    };
    let both = async {
        tokio::try_join!(to_target.run(client_read, target_write), from_target.run(target_read, client_write))
    };
    let stopped = tokio::select! {
        biased;
        cut = told_to_end(order, random(2), &passed) => Stopped::Cut(cut),
        ended = both => ended.err()?,
    };
    let (how, cut) = match stopped {
        Stopped::Cut(cut) => (cut, Some(cut)),
        // What one side sees the other has to see too.
        Stopped::Failed => (Cut::Reset, None),
    };
    tokio::join!(end(&mut client, how), end(&mut target, how));
    cut
}

/// Waits until this connection is to be cut from outside, at once or at its random instant.
async fn told_to_end(mut order: watch::Receiver<Order>, mut random: Random, passed: &AtomicU64) -> Cut {
    loop {
        let told = order.borrow_and_update().clone();
        if let Some(cut) = told.end {
            return cut;
        }
        passed.store(0, Ordering::Relaxed);
        let instant =
            told.faults.cut_within.as_ref().map(|(time, cut)| (Instant::now() + random.time(time), *cut));
        let Some((instant, cut)) = instant else {
            changed(&mut order).await;
            continue;
        };
        tokio::select! {
            () = sleep_until(instant) => return cut,
            () = changed(&mut order) => {}
        }
    }
}

/// Ends one side of a connection. A side that is gone already needs no end.
async fn end(stream: &mut TcpStream, cut: Cut) {
    let _ = match cut {
        Cut::Reset => stream.set_zero_linger(),
        Cut::Close => stream.shutdown().await,
    };
}
