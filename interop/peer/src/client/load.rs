use micro::Address;
use tokio::task::JoinSet;

use super::Checked;
use super::greeter::{Greeter, Losses};
use super::tap::Tap;

const SEQUENTIAL: usize = 200;
const CALLERS: usize = 8;
const CALLS: usize = 50;

/// Calls one after the other use one connection.
pub(super) async fn sequential(address: &Address, losses: &Losses) -> Checked {
    let (tap, before) = (Tap::to(address).await?, losses.count());
    let greeter = Greeter::at(tap.address(), losses)?;
    for call in 0..SEQUENTIAL {
        greeter.greets(&format!("caller {call}")).await.map_err(|error| format!("call {call}: {error}"))?;
    }
    tap.opened_at_most(1 + lost(losses, before))
}

/// Callers side by side get their own answers, over no more connections than there are callers.
pub(super) async fn concurrent(address: &Address, losses: &Losses) -> Checked {
    let (tap, before) = (Tap::to(address).await?, losses.count());
    let greeter = Greeter::at(tap.address(), losses)?;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let greeter = greeter.clone();
        callers.spawn(async move {
            for call in 0..CALLS {
                let name = format!("caller {caller} call {call}");
                greeter.greets(&name).await.map_err(|error| format!("{name}: {error}"))?;
            }
            Checked::Ok(())
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    tap.opened_at_most(CALLERS + lost(losses, before))
}

/// How many calls got lost since then: the connection of each is given up.
fn lost(losses: &Losses, before: u32) -> usize {
    (losses.count() - before) as usize
}
