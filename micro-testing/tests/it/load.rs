use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro::{Code, Error};
use micro_testing::{Ledger, Load};
use tokio::sync::Semaphore;
use tokio::time::sleep;

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn every_call_is_accounted_for() {
    let account = Load::new(1000)
        .run(1000 * MS, |call| async move {
            match call % 10 {
                0 => Err(Error::unavailable("refused").not_reached()),
                1 => Err(Error::unavailable("reset")),
                2 => Err(Error::deadline_exceeded("too late")),
                _ => Ok(()),
            }
        })
        .await;
    assert_eq!((account.sent(), account.answered(), account.failed()), (1000, 700, 300), "{account:#}");
    assert_eq!(account.failed_with(Code::Unavailable), 200);
    assert_eq!(account.failed_with(Code::Internal), 0);
    let unreached = account.failures().into_iter().find(|kind| !kind.reached).unwrap();
    assert_eq!(
        (unreached.code, unreached.count, unreached.detail.as_str()),
        (Code::Unavailable, 100, "refused")
    );
    assert_eq!(unreached.due, (Duration::ZERO, 990 * MS));
    let line = account.to_string();
    assert!(line.starts_with("1000 sent, 700 answered, 300 failed; p50 "), "{line}");
    assert!(line.contains("; 100 unavailable (not reached)"), "{line}");
}

#[tokio::test]
async fn the_loop_is_open_and_time_counts_from_when_a_call_was_due() {
    // A service that stands still for 300 ms: calls go on to be sent, and all of them wait.
    let still = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&still);
    let sent = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&sent);
    let opens = tokio::spawn(async move {
        sleep(300 * MS).await;
        let sent = sent.load(Ordering::SeqCst);
        still.add_permits(1000);
        sent
    });
    let account = Load::new(1000)
        .run(400 * MS, |_| {
            seen.fetch_add(1, Ordering::SeqCst);
            let waits = Arc::clone(&waits);
            async move {
                waits.acquire().await.map_err(|_| Error::internal("closed"))?.forget();
                Ok(())
            }
        })
        .await;
    let sent = opens.await.unwrap();
    assert!(sent > 100, "only {sent} calls were sent while nothing was answered");
    assert_eq!(account.answered(), 400);
    assert!(account.latency(1.0) >= 290 * MS, "{account:#}");
    assert!(account.latency(0.8) >= 150 * MS, "a quarter waited 200 ms at least: {account:#}");
    assert_eq!(account.slowest().unwrap().took, account.latency(1.0));
}

#[tokio::test]
async fn a_generator_that_was_held_up_sends_what_was_due() {
    let account = Load::new(1000)
        .run(300 * MS, |call| async move {
            if call == 100 {
                // The one thread stands still, and the generator with it.
                std::thread::sleep(100 * MS);
            }
            Ok(())
        })
        .await;
    assert_eq!(account.answered(), 300);
    let waited = account.count(|record| record.took >= 50 * MS);
    assert!(waited >= 40, "calls that were due then waited too, not {waited}: {account:#}");
}

#[tokio::test]
async fn calls_above_the_limit_are_held_back_and_open_ones_are_unanswered() {
    let load = Load::new(1000).in_flight(10).patience(50 * MS);
    let account = load.run(100 * MS, |_| std::future::pending::<micro::Result<()>>()).await;
    assert_eq!((account.sent(), account.unanswered(), account.held_back()), (10, 10, 90), "{account:#}");
    assert_eq!(account.answered() + account.failed(), 0);
}

#[tokio::test]
async fn parts_buckets_and_nodes() {
    let load = Load::new(1000).first(5000);
    let account = load
        .run_by(500 * MS, |call| async move {
            if (5200..5300).contains(&call) {
                return Err(Error::unavailable("gone").with_node("b"));
            }
            Ok(Some(if call % 2 == 0 { "a" } else { "b" }.to_owned()))
        })
        .await;
    let nodes = account.nodes();
    assert_eq!((nodes["a"], nodes["b"]), ((200, 0), (200, 100)));
    let buckets = account.buckets(100 * MS);
    let answered: Vec<_> = buckets.iter().map(|bucket| (bucket.sent, bucket.answered)).collect();
    assert_eq!(answered, [(100, 100), (100, 100), (100, 0), (100, 100), (100, 100)]);
    assert_eq!(buckets[2].start, 200 * MS);
    let text = format!("{account:#}");
    assert!(text.contains("node b: 200 answered, 100 failed"), "{text}");
    assert!(text.contains("at 200.0ms: 100 sent, 0 answered"), "{text}");
    let mut after = account.part(300 * MS..Duration::MAX);
    assert_eq!((after.sent(), after.failed()), (200, 0));
    assert_eq!(after.records()[0].call, 5300);
    after.merge(Load::new(100).run(100 * MS, |_| async { Ok(()) }).await);
    assert_eq!(after.sent(), 210);
}

#[tokio::test]
async fn account_and_ledger_contradict_each_other() {
    let ledger = Ledger::new();
    let account = Load::new(1000)
        .run(10 * MS, |call| async move {
            match call {
                3 => Err(Error::unavailable("refused").not_reached()),
                4 => Err(Error::unavailable("reset")),
                _ => Ok(()),
            }
        })
        .await;
    (0..10).filter(|call| *call != 3).for_each(|call| ledger.record(call));
    assert!(account.check(&ledger).is_clean(), "{}", account.check(&ledger));
    assert_eq!(ledger.never_answered_but_ran(&account), [4]);

    let other = Ledger::new();
    [3, 7, 99].into_iter().for_each(|call| other.record(call));
    ledger.merge(&other);
    let findings = account.check(&ledger);
    assert_eq!(findings.ran_twice, [7]);
    assert_eq!(findings.not_reached_but_ran, [3]);
    assert_eq!(findings.ran_unsent, [99]);
    assert_eq!(account.check(&Ledger::new()).answered_without_run.len(), 8);
    let text = findings.to_string();
    assert!(text.starts_with("1 ran more than once (calls 7); 1 ran though said not"), "{text}");
    assert_eq!((ledger.runs(7), ledger.runs(8), ledger.runs(1000), ledger.total()), (2, 1, 0, 12));
}

#[test]
fn a_ledger_outlives_the_processes_that_wrote_it() {
    let path = std::env::temp_dir().join(format!("micro-testing-ledger-{}", std::process::id()));
    let (one, other) = (Ledger::file(&path).unwrap(), Ledger::file(&path).unwrap());
    one.record(1);
    other.record(2);
    one.record(2);
    let read = Ledger::read(&path).unwrap();
    assert_eq!((read.runs(1), read.runs(2), read.total()), (1, 2, 3));
    assert_eq!(read.executed_twice(), [2]);

    // Half a number is no number.
    Command::new("sh").args(["-c", "printf abc >> \"$0\""]).arg(&path).status().unwrap();
    assert_eq!(Ledger::read(&path).unwrap_err().code(), Code::DataLoss);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Ledger::read(&path).unwrap().total(), 0, "nobody wrote");
}

#[tokio::test]
#[should_panic(expected = "the call panics")]
async fn a_call_that_panics_is_not_lost() {
    Load::new(100)
        .run(50 * MS, |call| async move {
            assert_ne!(call, 2, "the call panics");
            Ok(())
        })
        .await;
}
