//! Handlers that compute: nothing limits how many run, and the processor does not get to them all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use micro::registry::Memory;
use micro::{Client, Code, Json, Result, Service, Shutdown};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::{Over, SOON, Seen, busy, client, on};
use crate::features::log::Log;

/// How long a caller waits for its answer.
const TIME: Duration = Duration::from_secs(4);
/// What a call costs, in microseconds of processor time.
const COST: u64 = 10_000;
/// Three times the calls a second that a worker with a processor of its own could answer, so more than that of one that
/// shares it with other tests.
const THREE_TIMES: f64 = 3.0e6 / COST as f64;

/// The service `busy` with one worker, in a thread of its own.
struct OneWorker {
    client: Client,
    seen: Arc<Seen>,
    stop: Shutdown,
    /// What its thread logs.
    log: Log,
    thread: Option<thread::JoinHandle<Result<()>>>,
}

impl OneWorker {
    async fn start(over: Over, change: impl FnOnce(Service) -> Service) -> Result<Self> {
        let (registry, stop) = (Arc::new(Memory::new()), Shutdown::new());
        let (service, seen, _) = busy();
        let service = change(on(&registry, over, service));
        let (started, told) = oneshot::channel();
        let fired = stop.clone();
        let thread = thread::spawn(move || {
            let (log, _guard) = Log::begin();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let running = service.start().await?;
                running.registered().await;
                let _ = started.send(log);
                fired.fired().await;
                running.stop().await
            })
        });
        let log = told.await.unwrap();
        let client = client(&registry)?.with_timeout(TIME);
        Ok(Self { client, seen, stop, log, thread: Some(thread) })
    }

    async fn burn(&self, microseconds: u64) -> Result<()> {
        burn(self.client.clone(), microseconds).await
    }
}

impl Drop for OneWorker {
    fn drop(&mut self) {
        self.stop.fire();
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().unwrap().is_ok() || thread::panicking());
        }
    }
}

async fn burn(client: Client, microseconds: u64) -> Result<()> {
    client.call(("busy", "Busy.Burn"), Json(microseconds)).await
}

/// What became of the calls of those who do not wait for each other.
#[derive(Default, Debug)]
struct Account {
    answered: u32,
    overloaded: u32,
    late: u32,
}

/// Calls at three times the capacity for as long as it takes until those who wait for too long are many, and then for
/// `time`, of which the account is, and the part of the worker's processor time that went into what was answered. That is
/// what the server has in its hands: how much of the processor the machine gives it is not.
async fn load(busy: &OneWorker, time: Duration) -> (Account, f64) {
    let mut calls = JoinSet::new();
    let time = TIME + time;
    let began = Instant::now();
    let processor = || Duration::from_nanos(busy.seen.processor.load(Ordering::SeqCst));
    let mut before = None;
    while began.elapsed() < time {
        let counts = began.elapsed() > TIME;
        if counts {
            before.get_or_insert_with(processor);
        }
        let due = (began.elapsed().as_secs_f64() * THREE_TIMES) as usize;
        while calls.len() < due {
            let call = burn(busy.client.clone(), COST);
            calls.spawn(async move { (counts, call.await) });
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let mut account = Account::default();
    for (_, result) in calls.join_all().await.into_iter().filter(|(counts, _)| *counts) {
        match result {
            Ok(()) => account.answered += 1,
            Err(error) if error.code() == Code::DeadlineExceeded => account.late += 1,
            Err(error) => {
                assert_eq!(
                    (error.code(), error.reason()),
                    (Code::ResourceExhausted, "OVERLOADED"),
                    "{error:?}"
                );
                assert!(!error.reached() && error.retry_after().is_some(), "{error:?}");
                account.overloaded += 1;
            }
        }
    }
    let took = processor().saturating_sub(before.unwrap_or_default());
    let goodput = f64::from(account.answered) * COST as f64 / 1e6 / took.as_secs_f64();
    (account, goodput)
}

async fn at_three_times_its_capacity(over: Over) -> Result<()> {
    let busy = OneWorker::start(over, |service| service).await?;
    let (account, goodput) = load(&busy, Duration::from_secs(4)).await;
    println!("{over:?}: {goodput:.2} of the processor time for what was answered, {account:?}");
    assert!(account.overloaded > 0, "{account:?}");
    // Nothing is answered in time where nothing is refused. What refusing costs, in a build that is not optimised, is the
    // more beside what is answered the less of the processor there is for that.
    assert!(goodput > 0.25, "{goodput:.2}: {account:?}");

    // What is still in its sockets, though nobody waits for it, keeps it busy for a while.
    let (began, mut in_a_row) = (Instant::now(), 0);
    while in_a_row < 20 {
        let answer = busy.burn(COST).await;
        in_a_row = if answer.is_ok() { in_a_row + 1 } else { 0 };
        assert!(began.elapsed() < SOON, "it does not recover: {answer:?}");
    }

    // A line when it begins and one when it is over, and none for a call.
    let begins = "the service is overloaded: calls wait for the processor for longer than 100ms (see `max_delay`), and \
                  some are refused";
    let over = "the service is not overloaded any more; ";
    let began = Instant::now();
    let text = loop {
        let text = busy.log.text();
        if text.lines().rfind(|line| line.contains("overloaded")).is_some_and(|line| line.contains(over)) {
            break text;
        }
        assert!(began.elapsed() < SOON, "it is not over: {text}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let lines = text.lines().filter(|line| line.contains("overloaded")).collect::<Vec<_>>();
    assert!(lines.len() % 2 == 0 && lines.len() < account.overloaded as usize / 4, "{account:?}: {text}");
    for (line, (level, said)) in lines.iter().zip([("WARN", begins), ("INFO", over)].into_iter().cycle()) {
        assert!(line.contains(level) && line.contains(said), "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn at_three_times_its_capacity_a_server_goes_on_doing_its_capacity_over_http1() -> Result<()> {
    at_three_times_its_capacity(Over::Http1).await
}

#[tokio::test]
async fn at_three_times_its_capacity_a_server_goes_on_doing_its_capacity_over_http2() -> Result<()> {
    at_three_times_its_capacity(Over::Http2).await
}

#[tokio::test]
async fn at_three_times_its_capacity_a_server_goes_on_doing_its_capacity_over_the_lane() -> Result<()> {
    at_three_times_its_capacity(Over::Lane).await
}

#[tokio::test]
async fn a_burst_and_a_stall_are_no_overload() -> Result<()> {
    for over in [Over::Http1, Over::Http2, Over::Lane] {
        let busy = OneWorker::start(over, |service| service).await?;
        let patient = busy.client.clone().with_timeout(super::SOON);
        let stall = tokio::spawn(burn(patient.clone(), 1_000_000));
        while busy.seen.running.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for answer in join_all((0..100).map(|_| burn(patient.clone(), 1_000))).await {
            answer?;
        }
        stall.await.unwrap()?;
    }
    Ok(())
}

#[tokio::test]
async fn what_expires_in_the_run_queue_never_runs() -> Result<()> {
    for over in [Over::Http2, Over::Lane] {
        let busy = OneWorker::start(over, |service| service).await?;
        // Over the lane it is known to be short by then.
        busy.burn(0).await?;
        let before = busy.seen.burnt.load(Ordering::SeqCst);
        let short = busy.client.clone().with_timeout(Duration::from_millis(500));
        let answers = join_all((0..10).map(|_| burn(short.clone(), 200_000))).await;
        assert!(answers.iter().any(Result::is_err));
        // All are sent at the same time, so after half a second there is no time left for those that have not begun.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let begun = busy.seen.burnt.load(Ordering::SeqCst) - before;
        assert!((1..=3).contains(&begun), "{begun} of 10 ran");
    }
    Ok(())
}
