//! The sockets to one address.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use micro_core::{Deadline, Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;

use super::socket::Socket;
use crate::http::client::connect::Target;

/// How often idle sockets are looked at, at least: those that their peers have closed should not stay for long.
const SWEEP: Duration = Duration::from_secs(5);

/// A bounded number of sockets. The one that was used last is used next, so that the others can go; calls that find all
/// of them busy wait in the order in which they came.
pub(in crate::http::client) struct Pool {
    target: Arc<Target>,
    /// One for each call that may be in flight, so for each socket: a call makes one only when none is idle.
    places: Arc<Semaphore>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    sockets: Vec<Socket>,
    /// The task that ends those that are idle for too long; there is one while there are such sockets.
    sweeper: Option<AbortHandle>,
    closed: bool,
}

impl Pool {
    /// A pool with its first socket.
    ///
    /// # Errors
    /// Those of [`Target::connect`].
    pub(in crate::http::client) async fn dial(target: Arc<Target>) -> Result<Arc<Self>> {
        let places = target.options().pool_size.min(Semaphore::MAX_PERMITS);
        let first = Socket::new(target.connect(None).await?, &target).await?;
        let pool =
            Arc::new(Self { target, places: Arc::new(Semaphore::new(places)), idle: Mutex::default() });
        pool.put(first);
        Ok(pool)
    }

    /// Whether each socket that may be has a call.
    pub(in crate::http::client) fn is_busy(&self) -> bool {
        self.places.available_permits() == 0
    }

    pub(in crate::http::client) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// Waits for a socket that takes a call.
    ///
    /// # Errors
    /// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when none is free in time, and those
    /// of [`Target::connect`].
    pub(super) async fn place(self: &Arc<Self>, deadline: Option<Deadline>) -> Result<Place> {
        let permit = match self.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait(deadline).await?,
        };
        let socket = match poll_fn(|cx| Poll::Ready(self.take(cx))).await {
            Some(socket) => socket,
            None => Socket::new(self.target.connect(deadline).await?, &self.target).await?,
        };
        Ok(Place { socket, pool: self.clone(), _permit: permit })
    }

    async fn wait(&self, deadline: Option<Deadline>) -> Result<OwnedSemaphorePermit> {
        let permit = self.places.clone().acquire_owned();
        let permit = match deadline {
            Some(deadline) => {
                tokio::time::timeout_at(deadline.instant().into(), permit).await.map_err(|_| {
                    let size = self.target.options().pool_size;
                    Error::deadline_exceeded(format!(
                        "no time left while waiting for one of the {size} sockets to {}: see `pool_size`",
                        self.target.address()
                    ))
                    .not_reached()
                })?
            }
            None => permit.await,
        };
        // It is never closed.
        permit.map_err(|_| Error::unavailable("the pool is closed").not_reached())
    }

    /// The idle socket that was used last, of those that still take a call.
    fn take(&self, cx: &mut Context<'_>) -> Option<Socket> {
        loop {
            let mut socket = self.idle().sockets.pop()?;
            if socket.is_fresh(cx) {
                return Some(socket);
            }
        }
    }

    /// Takes a socket back.
    fn put(self: &Arc<Self>, mut socket: Socket) {
        socket.since = Instant::now();
        let mut idle = self.idle();
        if idle.closed {
            return;
        }
        idle.sockets.push(socket);
        if idle.sweeper.is_none()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let ttl = self.target.options().pool_ttl;
            idle.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self), ttl)).abort_handle());
        }
    }

    /// Ends the idle sockets; those with calls end with them.
    pub(in crate::http::client) fn close(&self) {
        let mut idle = self.idle();
        idle.closed = true;
        idle.end();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Nothing that runs under the lock leaves it half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn end(&mut self) {
        self.sockets.clear();
        if let Some(sweeper) = self.sweeper.take() {
            sweeper.abort();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.idle.get_mut().unwrap_or_else(PoisonError::into_inner).end();
    }
}

/// Ends the sockets that are idle for too long, or closed by their peers, until there are none.
async fn sweep(pool: Weak<Pool>, ttl: Duration) {
    let mut pause = ttl.min(SWEEP);
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        let mut cx = Context::from_waker(Waker::noop());
        idle.sockets.retain_mut(|socket| socket.since.elapsed() < ttl && socket.is_free(&mut cx));
        // The oldest is first.
        let Some(oldest) = idle.sockets.first() else {
            idle.sweeper = None;
            return;
        };
        pause = ttl.saturating_sub(oldest.since.elapsed()).clamp(Duration::from_millis(1), SWEEP);
    }
}

/// A socket of a pool that is a call's own.
pub(super) struct Place {
    pub(super) socket: Socket,
    pool: Arc<Pool>,
    // After the socket: who gets the place next finds it there.
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn target(&self) -> &Target {
        &self.pool.target
    }

    /// Gives the socket back when the answer is complete. One that is not free is closed, as whatever is dropped without this is.
    pub(super) fn give_back(self, cx: &mut Context<'_>) {
        let Self { mut socket, pool, _permit } = self;
        socket.calling = false;
        if socket.is_free(cx) {
            pool.put(socket);
        }
    }
}
