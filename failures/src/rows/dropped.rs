//! The packets of one node are dropped without a word: what is in flight fails in time, and calls go elsewhere.

use std::process::Command;
use std::time::Duration;

use micro::{Code, Error, Result};
use micro_testing::Load;
use tokio::time::sleep;

use super::joined;
use crate::caller::Caller;
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

/// The address of the node whose packets go, which nobody else has.
const LOST: &str = "127.0.0.3";
const GONE: Duration = Duration::from_secs(5);
const BACK: Duration = Duration::from_secs(25);
const END: Duration = Duration::from_secs(50);
/// Keep-alive's limit, 5 s of silence and 3 s for an answer, and what a busy machine adds.
const KEEP_ALIVE: Duration = Duration::from_millis(8_500);

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let lost = format!("address={LOST}:0");
    let mut fleet = Fleet::start(protocol, &["wait=20000"], &[&[], &[&lost], &[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", fleet.len()).await?;
    let node = fleet.member(1).node();
    let load = tokio::spawn(Load::new(1_000).run_by(END, caller.ask("Desk.Book")));
    sleep(GONE).await;
    packets("-A")?;
    sleep(BACK - GONE).await;
    packets("-D")?;
    let account = joined(load).await?;
    let findings = account.check(&fleet.ledger()?);

    let failed: Vec<_> = account.records().iter().filter(|record| !record.is_answered()).collect();
    let elsewhere = failed.iter().filter(|record| record.node() != Some(&node)).count();
    let otherwise =
        failed.iter().filter(|record| record.error().map(Error::code) != Some(Code::Unavailable)).count();
    let slowest = failed.iter().map(|record| record.took).max().unwrap_or_default();
    let late = failed.iter().filter(|record| record.due > GONE + Duration::from_secs(10)).count();
    let back =
        account.count(|record| record.due > BACK && record.is_answered() && record.node() == Some(&node));

    let mut shown = Shown::default();
    shown.must(account.sent() >= 20_000, format!("{} calls", account.sent()));
    shown.must(!failed.is_empty(), format!("{} calls were in flight there, and failed", failed.len()));
    shown.must(
        otherwise == 0 && elsewhere == 0,
        format!("{otherwise} failed otherwise than as unavailable, {elsewhere} at another node"),
    );
    shown.must(slowest <= KEEP_ALIVE, format!("the last one after {slowest:.1?}"));
    shown.must(late == 0, format!("{late} calls lost that came 10 s later"));
    shown.must(back > 0, format!("{back} calls there after the packets were back"));
    shown.must(findings.is_clean(), findings.to_string());
    shown.note(format!("{account:#}"));
    Ok(shown)
}

/// Adds or deletes the rules that drop what goes to the node, and what comes from it.
fn packets(action: &str) -> Result<()> {
    for side in ["-d", "-s"] {
        let rule = [action, "INPUT", "-p", "tcp", side, LOST, "-j", "DROP"];
        let done = Command::new("iptables").args(rule).output()?;
        if !done.status.success() {
            let why = String::from_utf8_lossy(&done.stderr);
            return Err(Error::failed_precondition(format!("iptables {}: {why}", rule.join(" "))));
        }
    }
    Ok(())
}
