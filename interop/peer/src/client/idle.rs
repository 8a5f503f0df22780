use std::time::Duration;

use micro::Address;
use tokio::task::JoinHandle;

use super::Checked;
use super::greeter::{Greeter, Losses, service};
use super::report::{Report, same};
use super::tap::Tap;

/// Checks of connections that rest.
pub(super) struct Idle {
    kept: JoinHandle<Checked>,
    pooled: JoinHandle<Checked>,
}

/// Starts them.
pub(super) fn start(address: &Address, losses: &Losses, rest: Duration) -> Idle {
    Idle {
        kept: tokio::spawn(kept(address.clone(), losses.clone(), rest)),
        pooled: tokio::spawn(pooled(address.clone(), losses.clone(), rest)),
    }
}

impl Idle {
    /// Waits for them.
    pub(super) async fn finish(self, report: &mut Report) {
        for (name, check) in [("idle-kept", self.kept), ("idle-pooled", self.pooled)] {
            report.add(name, check.await.unwrap_or_else(|error| Err(error.into())));
        }
    }
}

/// A connection that the client keeps for longer is used again: go-micro leaves it open.
async fn kept(address: Address, losses: Losses, rest: Duration) -> Checked {
    let tap = Tap::to(&address).await?;
    let longer = service().dialling(|dial| dial.pool_ttl = rest * 2).build()?;
    let greeter = Greeter::new(&longer.client().with_address(tap.address().clone()), &losses);
    twice(&greeter, rest).await?;
    same("connections opened", &tap.opened(), &1)
}

/// By default the client closes it before: the next call has a new one, and nobody notices.
async fn pooled(address: Address, losses: Losses, rest: Duration) -> Checked {
    let tap = Tap::to(&address).await?;
    let greeter = Greeter::at(tap.address(), &losses)?;
    twice(&greeter, rest).await?;
    let opened = if rest > micro::defaults::POOL_TTL { 2 } else { 1 };
    same("connections opened", &tap.opened(), &opened)
}

async fn twice(greeter: &Greeter, rest: Duration) -> Checked {
    greeter.greets("Jane").await.map_err(|error| format!("first call: {error}"))?;
    tokio::time::sleep(rest).await;
    greeter.greets("John").await.map_err(|error| format!("second call, {rest:?} later: {error}").into())
}
