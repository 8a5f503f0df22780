//! Calls at a steady rate, and an account of what became of each of them.
//!
//! ```
//! use std::time::Duration;
//! use micro_testing::{Ledger, Load};
//!
//! # #[tokio::main]
//! # async fn main() {
//! let ledger = Ledger::new();
//! let account = Load::new(500)
//!     .run(Duration::from_millis(200), |call| {
//!         // Here the handler is beside its caller; elsewhere it gets the number in its request.
//!         ledger.record(call);
//!         async { micro::Result::Ok(()) }
//!     })
//!     .await;
//! println!("{account}");
//! assert_eq!((account.sent(), account.answered()), (100, 100));
//! assert!(account.check(&ledger).is_clean());
//! # }
//! ```

mod account;
mod check;
mod ledger;
mod print;
mod record;

use std::future::Future;
use std::panic::resume_unwind;
use std::time::Duration;

use micro::Result;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};

pub use self::account::{Account, Bucket, Failures};
pub use self::check::Findings;
pub use self::ledger::Ledger;
pub use self::record::{Outcome, Record};

/// A generator of calls with an open loop: a call is sent when it is due, whether or not earlier ones were answered,
/// and its time counts from when it was due. So a service that stands still is seen as its callers would see it.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    rate: u32,
    in_flight: usize,
    patience: Duration,
    first: u64,
}

impl Load {
    /// That many calls each second, of which at most 10,000 are open at a time.
    #[must_use]
    pub const fn new(rate: u32) -> Self {
        Self { rate, in_flight: 10_000, patience: Duration::from_secs(30), first: 0 }
    }

    /// How many calls may be open at a time. A call that is due above that is not sent, and counted as held back.
    #[must_use]
    pub const fn in_flight(mut self, limit: usize) -> Self {
        self.in_flight = limit;
        self
    }

    /// How long the last answers are waited for. Calls that are open then are dropped, and counted as unanswered.
    #[must_use]
    pub const fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// The number of the first call, so that several runs can share a [`Ledger`].
    #[must_use]
    pub const fn first(mut self, number: u64) -> Self {
        self.first = number;
        self
    }

    /// Sends calls for `time`, each with its number, and tells what became of them.
    ///
    /// # Panics
    /// When a call panics.
    pub async fn run<T, F>(self, time: Duration, mut call: impl FnMut(u64) -> F) -> Account
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        self.run_by(time, move |number| {
            let answer = call(number);
            async move { answer.await.map(|_| None) }
        })
        .await
    }

    /// As [`run`](Self::run), for answers that tell which node they come from.
    ///
    /// # Panics
    /// When a call panics.
    pub async fn run_by<F>(self, time: Duration, mut call: impl FnMut(u64) -> F) -> Account
    where
        F: Future<Output = Result<Option<String>>> + Send + 'static,
    {
        let start = Instant::now();
        let mut open = Open { calls: JoinSet::new(), records: Vec::new() };
        let count = (f64::from(self.rate) * time.as_secs_f64()).round() as u64;
        for index in 0..count {
            let after = Duration::from_secs_f64(index as f64 / f64::from(self.rate));
            open.answers_until(start + after).await;
            let mut record = Record::new(self.first + index, after);
            if open.calls.len() < self.in_flight {
                let answer = call(record.call);
                let (index, due) = (open.records.len(), start + after);
                open.calls.spawn(async move { (index, Outcome::of(answer.await), due.elapsed()) });
            } else {
                record.outcome = Outcome::HeldBack;
            }
            open.records.push(record);
        }
        open.answers_until(start + time).await;
        open.last_answers(start + time + self.patience).await;
        Account::new(open.records)
    }
}

/// The calls that were sent, and those that are open.
struct Open {
    calls: JoinSet<(usize, Outcome, Duration)>,
    records: Vec<Record>,
}

impl Open {
    /// Takes answers until an instant.
    async fn answers_until(&mut self, instant: Instant) {
        while let Some(answer) = self.calls.try_join_next() {
            self.answer(answer);
        }
        if instant <= Instant::now() {
            // A generator that is late lets the calls begin nevertheless.
            return tokio::task::yield_now().await;
        }
        loop {
            tokio::select! {
                biased;
                () = sleep_until(instant) => return,
                Some(answer) = self.calls.join_next() => self.answer(answer),
            }
        }
    }

    /// Takes answers until all are there, or an instant.
    async fn last_answers(&mut self, instant: Instant) {
        while let Ok(Some(answer)) = timeout_at(instant, self.calls.join_next()).await {
            self.answer(answer);
        }
    }

    fn answer(&mut self, answer: std::result::Result<(usize, Outcome, Duration), JoinError>) {
        match answer {
            Ok((index, outcome, took)) => {
                if let Some(record) = self.records.get_mut(index) {
                    (record.outcome, record.took) = (outcome, took);
                }
            }
            Err(error) => {
                if let Ok(panic) = error.try_into_panic() {
                    resume_unwind(panic);
                }
            }
        }
    }
}
