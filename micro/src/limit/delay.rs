//! How long calls wait for the processor, and refusing those for which it would be too long.
//!
//! A handler that computes holds up whatever else its worker has to do, so that no number of running calls ever shows
//! it: calls wait as tasks of the runtime, and over HTTP/1.1 as bytes in sockets that nobody has read. So the wait is
//! measured where all of them wait, in the run queue: a probe goes to its back, and when it is polled again everything
//! that was in the queue has had its turn. That is a lap. What is polled while a lap is on was there before it began, so
//! it has waited for longer than the lap lasts by now; that is what is known of the wait of every call, without a clock
//! read for it, and whatever its transport knows. The time since the head of a request came would see nothing of
//! HTTP/1.1, and would take a slow upload for a queue.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use micro_core::{Call, Error, Response, Result};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use super::standing::{Change, INTERVAL, Standing};

/// How long the probe rests after a lap that was short.
const REST: Duration = Duration::from_millis(10);
/// How many calls each worker takes in a lap, however long they are: calls of 30 ms each are no overload because three
/// of them came at once.
const LEAST: u64 = 16;

/// Refuses calls while the run queue is too long.
#[derive(Debug)]
pub(super) struct Delay {
    meter: Arc<Meter>,
    probe: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What the probe and the calls tell each other. Times are nanoseconds since `start`.
#[derive(Debug)]
struct Meter {
    start: Instant,
    max_delay: Duration,
    /// Whether there is a probe.
    probed: AtomicBool,
    /// Whether a call came since the probe looked; it sleeps while none does.
    used: AtomicBool,
    asleep: AtomicBool,
    call: Notify,
    /// When the lap that is on began; zero while there is none.
    lap: AtomicU64,
    /// Whether laps are too long: how long handlers take is measured then.
    is_long: AtomicBool,
    /// How long handlers have been at work since `standing` was told.
    busy: AtomicU64,
    standing: Mutex<Standing>,
    /// Whether calls are refused.
    overloaded: AtomicBool,
    /// How many calls were taken in this lap, and how many a lap takes at least.
    taken: AtomicU64,
    workers: AtomicU64,
    /// How many calls were refused, ever, and when it began: how many they were then.
    refused: AtomicU64,
    since: Mutex<(Instant, u64)>,
}

impl Delay {
    pub(super) fn new(max_delay: Duration) -> Self {
        let meter = Meter {
            start: Instant::now(),
            max_delay,
            probed: AtomicBool::new(false),
            used: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            call: Notify::new(),
            lap: AtomicU64::new(0),
            is_long: AtomicBool::new(false),
            busy: AtomicU64::new(0),
            overloaded: AtomicBool::new(false),
            standing: Mutex::new(Standing::new(max_delay)),
            taken: AtomicU64::new(0),
            workers: AtomicU64::new(1),
            refused: AtomicU64::new(0),
            since: Mutex::new((Instant::now(), 0)),
        };
        Self { meter: Arc::new(meter), probe: Mutex::new(None) }
    }

    /// A call comes.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`](micro_core::Code::ResourceExhausted), not reached, where it would be answered late.
    pub(super) fn enter(&self) -> Result<()> {
        let meter = &self.meter;
        if !meter.used.load(Ordering::Relaxed) {
            self.wake();
        }
        // As nearly always, no lap is on.
        let Some(waited) = meter.waited() else { return Ok(()) };
        if waited <= meter.max_delay {
            meter.taken.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        if !meter.overloaded.load(Ordering::Relaxed) {
            meter.is_long.store(true, Ordering::Relaxed);
            meter.tell(Standing::is_long);
        }
        let least = LEAST.saturating_mul(meter.workers.load(Ordering::Relaxed));
        if !meter.overloaded.load(Ordering::Relaxed) || meter.taken.load(Ordering::Relaxed) < least {
            meter.taken.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        meter.refused.fetch_add(1, Ordering::Relaxed);
        Err(Error::resource_exhausted(format!(
            "the service is overloaded: calls wait for the processor for {waited:?} and more (see `max_delay`)"
        ))
        .with_reason("OVERLOADED")
        // It is over when it was quiet for so long, at the earliest.
        .with_retry_after(INTERVAL)
        .not_reached())
    }

    /// Whether it is of interest how long handlers take.
    pub(super) fn is_long(&self) -> bool {
        self.meter.is_long.load(Ordering::Relaxed)
    }

    /// The call, measured.
    pub(super) fn measured(&self, call: Call) -> Call {
        Call::boxed(Measured { call, meter: self.meter.clone() })
    }

    /// Tells the probe that there are calls, and starts it where there is none.
    #[cold]
    fn wake(&self) {
        let meter = &self.meter;
        meter.used.store(true, Ordering::SeqCst);
        if meter.asleep.load(Ordering::SeqCst) {
            meter.call.notify_one();
        }
        if let Ok(runtime) = Handle::try_current()
            && !meter.probed.swap(true, Ordering::SeqCst)
        {
            let probe = probe(Alive(meter.clone()));
            *lock(&self.probe) = Some(AbortOnDropHandle::new(runtime.spawn(probe)));
        }
    }
}

impl Meter {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
    }

    /// How long what is polled now has waited at least, while a lap is on.
    fn waited(&self) -> Option<Duration> {
        match self.lap.load(Ordering::Relaxed) {
            0 => None,
            began => Some(Duration::from_nanos(self.now().saturating_sub(began))),
        }
    }

    /// Tells the state machine something, and does what it says.
    fn tell(&self, what: impl FnOnce(&mut Standing, Instant, Duration) -> Change) {
        let mut standing = lock(&self.standing);
        let busy = self.busy.swap(0, Ordering::Relaxed) / self.workers.load(Ordering::Relaxed).max(1);
        let change = what(&mut standing, Instant::now(), Duration::from_nanos(busy));
        let refused = self.refused.load(Ordering::Relaxed);
        let mut since = lock(&self.since);
        match change {
            Change::None => {}
            Change::Overloaded => {
                self.overloaded.store(true, Ordering::Relaxed);
                *since = (Instant::now(), refused);
                tracing::warn!(
                    "the service is overloaded: calls wait for the processor for longer than {:?} (see `max_delay`), and \
                     some are refused",
                    self.max_delay
                );
            }
            Change::Over => {
                self.overloaded.store(false, Ordering::Relaxed);
                let (count, time) = (refused - since.1, since.0.elapsed());
                tracing::info!(
                    "the service is not overloaded any more; {count} calls were refused in {time:?}"
                );
            }
        }
    }
}

/// Nothing that runs under these locks can panic half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The probe's hold on its meter, which is as before the probe when that ends with its runtime.
struct Alive(Arc<Meter>);

impl Drop for Alive {
    fn drop(&mut self) {
        let meter = &self.0;
        *lock(&meter.standing) = Standing::new(meter.max_delay);
        meter.overloaded.store(false, Ordering::Relaxed);
        meter.is_long.store(false, Ordering::Relaxed);
        meter.lap.store(0, Ordering::Relaxed);
        meter.asleep.store(false, Ordering::SeqCst);
        meter.probed.store(false, Ordering::SeqCst);
        meter.used.store(false, Ordering::SeqCst);
    }
}

/// Goes round the run queue as long as there are calls.
async fn probe(alive: Alive) {
    let meter = &alive.0;
    let workers = u64::try_from(Handle::current().metrics().num_workers()).unwrap_or(1);
    meter.workers.store(workers, Ordering::Relaxed);
    loop {
        if !meter.used.swap(false, Ordering::SeqCst) && !meter.overloaded.load(Ordering::Relaxed) {
            meter.asleep.store(true, Ordering::SeqCst);
            if !meter.used.swap(false, Ordering::SeqCst) {
                meter.call.notified().await;
            }
            meter.asleep.store(false, Ordering::SeqCst);
        }
        meter.taken.store(0, Ordering::Relaxed);
        let began = meter.now();
        meter.lap.store(began, Ordering::Relaxed);
        back_of_the_queue().await;
        let took = Duration::from_nanos(meter.now().saturating_sub(began));
        meter.lap.store(0, Ordering::Relaxed);
        meter.tell(|standing, now, busy| standing.lap(now, took, busy));
        let is_long = took > meter.max_delay;
        meter.is_long.store(is_long, Ordering::Relaxed);
        if !is_long {
            tokio::time::sleep(REST).await;
        }
    }
}

/// Lets everything have its turn that is in the worker's queue. A task that wakes itself while it is polled goes to the
/// back of it; `yield_now` waits for the driver first, and one that is woken by others may come next.
async fn back_of_the_queue() {
    let mut been = false;
    poll_fn(|cx| {
        if been {
            return Poll::Ready(());
        }
        been = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A call whose time on a worker is counted.
struct Measured {
    call: Call,
    meter: Arc<Meter>,
}

impl Future for Measured {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let began = Instant::now();
        let polled = Pin::new(&mut self.call).poll(cx);
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.meter.busy.fetch_add(took, Ordering::Relaxed);
        polled
    }
}
