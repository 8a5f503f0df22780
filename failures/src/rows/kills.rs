//! Three processes, ten times `kill -9`: only calls in flight on the victim are lost, and none that may run twice.

use std::time::{Duration, Instant};

use micro::Result;
use micro_testing::{Load, Signal};
use tokio::time::sleep;

use super::joined;
use crate::caller::Caller;
use crate::fleet::{ENDS, Fleet};
use crate::protocol::Protocol;
use crate::shown::Shown;

const KILLS: usize = 10;
/// The clocks of the generator and of the one who kills may differ by this.
const SKEW: Duration = Duration::from_millis(20);
/// Numbers of calls that may run twice begin here.
const READS: u64 = 1_000_000;

pub(super) async fn show(protocol: Protocol) -> Result<Shown> {
    let mut fleet = Fleet::start(protocol, &["wait=5000"], &[&[], &[], &[]]).await?;
    let caller = Caller::new()?;
    caller.finds("desk", fleet.len()).await?;
    let time = Duration::from_secs(35);
    let begun = Instant::now();
    let books = tokio::spawn(Load::new(1_000).run_by(time, caller.ask("Desk.Book")));
    let reads = tokio::spawn(Load::new(1_000).first(READS).run_by(time, caller.ask("Desk.Read")));
    let mut kills = Vec::new();
    for turn in 0..KILLS {
        sleep(Duration::from_secs(1)).await;
        let member = fleet.member(turn);
        kills.push((member.node(), begun.elapsed()));
        member.process.signal(Signal::Kill)?;
        member.process.wait(ENDS).await?;
        sleep(Duration::from_millis(500)).await;
        fleet.again(turn).await?;
    }
    let killed_in_time = !books.is_finished();
    let (books, reads) = (joined(books).await?, joined(reads).await?);
    let ledger = fleet.ledger()?;
    let twice = ledger.executed_twice().into_iter().filter(|call| *call < READS).count();

    // In flight on a victim: sent to it, and neither answered before it was killed nor sent after.
    let in_flight = |record: &micro_testing::load::Record| {
        let to = record.node();
        let open = record.due.saturating_sub(SKEW)..record.due + record.took + SKEW;
        kills.iter().any(|(victim, when)| to == Some(victim) && open.contains(when))
    };
    let lost = books.count(|record| !record.is_answered());
    let elsewhere = books.count(|record| !record.is_answered() && !in_flight(record));

    let mut shown = Shown::default();
    shown.must(killed_in_time, format!("{KILLS} times `kill -9` while calls came"));
    shown.must(
        books.sent() >= 20_000 && reads.sent() >= 20_000,
        format!("{} and {} calls", books.sent(), reads.sent()),
    );
    shown.must(
        elsewhere == 0,
        format!("{lost} lost of {}, {elsewhere} of them not in flight on a victim", books.sent()),
    );
    shown.must(twice == 0, format!("{twice} ran twice that must not"));
    let lost = reads.sent() - reads.answered();
    shown.must(lost == 0, format!("{lost} lost of {} to an idempotent endpoint", reads.sent()));
    shown.note(format!("{books:#}"));
    shown.note(format!("idempotent: {reads:#}"));
    Ok(shown)
}
