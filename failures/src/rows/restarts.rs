//! Three processes, ten rolling restarts by SIGTERM: no call is lost.

use std::process::ExitStatus;
use std::time::Duration;

use micro::Result;
use micro_testing::{Load, Signal};
use tokio::time::sleep;

use super::joined;
use crate::caller::Caller;
use crate::fleet::{ENDS, Fleet};
use crate::protocol::Protocol;
use crate::shown::Shown;

const RESTARTS: usize = 10;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut fleet = Fleet::start(protocol, &["wait=2000"], &[&[], &[], &[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", fleet.len()).await?;
    let ask = caller.ask("Desk.Book");
    // As long as it takes: each restart is a lame duck of 2 s and a start.
    let load = tokio::spawn(Load::new(1_000).run_by(Duration::from_secs(45), ask));
    let mut exits = Vec::new();
    for turn in 0..RESTARTS {
        sleep(Duration::from_millis(500)).await;
        let process = &mut fleet.member(turn).process;
        process.signal(Signal::Terminate)?;
        exits.push(process.wait(ENDS).await?);
        fleet.again(turn).await?;
    }
    let restarted_in_time = !load.is_finished();
    let account = joined(load).await?;
    let findings = account.check(&fleet.ledger()?);

    let mut shown = Shown::default();
    shown.must(restarted_in_time, format!("{RESTARTS} restarts while calls came"));
    shown.must(exits.iter().all(ExitStatus::success), "every process ended with exit code 0");
    shown.must(account.sent() >= 20_000, format!("{} calls", account.sent()));
    shown.must(account.answered() == account.sent(), format!("{} lost", account.sent() - account.answered()));
    shown.must(findings.is_clean(), findings.to_string());
    shown.note(format!("{account:#}"));
    Ok(shown)
}
