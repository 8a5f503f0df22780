//! A node that is always unavailable: retries add a tenth at most, and none where the call may not run twice.

use std::time::Duration;

use micro::Result;
use micro_testing::Load;

use super::joined;
use crate::caller::Caller;
use crate::fleet::Fleet;
use crate::protocol::Protocol;
use crate::shown::Shown;

const CALLS: u64 = 1_000;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut shown = Shown::default();
    for (endpoint, attempts) in [("Desk.Read", 1_001..=1_100), ("Desk.Book", 1_000..=1_000)] {
        let fleet = Fleet::start(protocol, &["fails"], &[&[]]).await?;
        let caller = Caller::new()?;
        caller.finds("desk", 1).await?;
        let load = Load::new(1_000).run_by(Duration::from_millis(CALLS), caller.ask(endpoint));
        let account = joined(tokio::spawn(load)).await?;
        let made = fleet.ledger()?.total();
        shown.must(
            account.sent() as u64 == CALLS && account.answered() == 0,
            format!("{CALLS} calls to {endpoint} failed"),
        );
        shown.must(
            attempts.contains(&made),
            format!("{made} attempts: {} to {}", attempts.start(), attempts.end()),
        );
        shown.note(account);
    }
    Ok(shown)
}
