//! One of three processes stands still for ten seconds: it is noticed by deadlines, probed, and taken back.

use std::time::Duration;

use micro::Result;
use micro_testing::{Load, Signal};
use tokio::time::sleep;

use super::joined;
use crate::caller::{self, Caller};
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const DEADLINE: Duration = Duration::from_secs(2);
const STOPS: Duration = Duration::from_secs(5);
const GOES_ON: Duration = Duration::from_secs(15);
/// By then it has been noticed.
const NOTICED: Duration = Duration::from_secs(8);
const END: Duration = Duration::from_secs(35);
/// Ejections last at least this long: half of the first one, which is drawn.
const EJECTED: Duration = Duration::from_millis(500);

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut fleet = Fleet::start(protocol, &["wait=1000"], &[&[], &[], &[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", fleet.len()).await?;
    let ask = caller::ask(caller.client.with_timeout(DEADLINE), "Desk.Book");
    let load = tokio::spawn(Load::new(1_000).run_by(END, ask));
    let victim = fleet.member(1);
    let node = victim.node();
    sleep(STOPS).await;
    victim.process.signal(Signal::Stop)?;
    sleep(GOES_ON - STOPS).await;
    victim.process.signal(Signal::Continue)?;
    let account = joined(load).await?;
    let findings = account.check(&fleet.ledger()?);

    let lost = |from, to| account.count(|record| !record.is_answered() && (from..to).contains(&record.due));
    let elsewhere = account.count(|record| !record.is_answered() && record.node() != Some(&node));
    // Whatever went there after it was noticed and before it went on is a probe.
    let probes: Vec<_> = account
        .records()
        .iter()
        .filter(|record| (NOTICED..GOES_ON).contains(&record.due) && record.node() == Some(&node))
        .map(|record| record.due)
        .collect();
    let apart = probes.windows(2).map(|pair| pair[1] - pair[0]).min();
    let back = account
        .records()
        .iter()
        .filter(|record| record.due >= GOES_ON && record.is_answered() && record.node() == Some(&node))
        .map(|record| record.due - GOES_ON)
        .collect::<Vec<_>>();

    let mut shown = Shown::default();
    shown.must(account.sent() >= 20_000, format!("{} calls", account.sent()));
    shown.must(elsewhere == 0, format!("{elsewhere} lost that were not sent to the one that stood still"));
    shown.must(
        lost(Duration::ZERO, STOPS - DEADLINE) == 0 && lost(GOES_ON, END) == 0,
        format!("{} lost before it stood still or after it went on", lost(GOES_ON, END)),
    );
    shown.must(
        probes.len() <= 8 && apart.is_none_or(|apart| apart >= EJECTED),
        format!("{} probes after 3 s, {:?} apart at least", probes.len(), apart.unwrap_or_default()),
    );
    shown.must(
        back.first().is_some_and(|first| *first < Duration::from_secs(15)) && back.len() > 500,
        format!(
            "back {:?} after it went on, {} calls since",
            back.first().copied().unwrap_or_default(),
            back.len()
        ),
    );
    shown.must(findings.is_clean(), findings.to_string());
    shown.note(format!("{account:#}"));
    Ok(shown)
}
