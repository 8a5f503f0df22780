//! One of four nodes fails at once, or is slow: it does not attract load.

use std::sync::Arc;
use std::time::Duration;

use micro::Result;
use micro::selector::{P2c, Random, Selector};
use micro_testing::Load;

use super::joined;
use crate::caller::Caller;
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const TIME: Duration = Duration::from_secs(22);
const LEARNT: Duration = Duration::from_secs(2);

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut shown = Shown::default();
    let p2c = || Arc::new(P2c::new()) as Arc<dyn Selector>;
    let random = Arc::new(Random::new()) as Arc<dyn Selector>;
    for (what, ill, selector, most) in [
        ("fails at once", "fails", p2c(), 0.02),
        ("fails at once", "fails", random, 0.02),
        ("answers 5 ms slower", "wait=6000", p2c(), 0.10),
    ] {
        let name = selector.name();
        // The others take a while, so that whoever fails is the fastest.
        let well = ["wait=1000"];
        let mut fleet = Fleet::start(protocol, &[], &[&well, &[ill], &well, &well]).await?;
        let caller = Caller::with(|service| service.selector(selector))?;
        caller.finds("desk", fleet.len()).await?;
        let load = Load::new(1_000).run_by(TIME, caller.ask("Desk.Book"));
        let account = joined(tokio::spawn(load)).await?;
        let calls = account.sent();
        let account = account.part(LEARNT..Duration::MAX);
        let (answered, failed) = account.nodes().get(&*fleet.member(1).node()).copied().unwrap_or_default();
        let share = (answered + failed) as f64 / account.sent() as f64;
        shown.must(
            calls >= 20_000 && share < most,
            format!(
                "{name}, one of 4 {what}: {:.2} % of the calls after 2 s, under {} %",
                share * 100.0,
                most * 100.0
            ),
        );
        shown.note(format!("{account:#}"));
    }
    Ok(shown)
}
