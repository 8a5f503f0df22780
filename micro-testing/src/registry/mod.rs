//! A registry that fails by script, in front of one that works.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use micro::registry::{Memory, Registry};
//! use micro_testing::registry::{Method, Mode, Script, Scripted};
//!
//! # #[tokio::main]
//! # async fn main() -> micro::Result<()> {
//! let registry = Scripted::over(Arc::new(Memory::new()));
//! // Services get a clone: Service::new("greeter").registry(Arc::new(registry.clone()))
//! registry.set(Mode::Down).await?;
//! assert!(registry.list().await.is_err());
//!
//! let second = Duration::from_millis(10);
//! let script = Script::new().then(Mode::Down, 3 * second).forget().flap(2, second, second);
//! registry.play(script).await?;
//! assert!(registry.list().await?.is_empty());
//! assert_eq!(registry.calls(Method::List), 2);
//! # Ok(())
//! # }
//! ```

mod known;
mod log;
mod script;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use micro::registry::{RegisterOptions, Registry, Service, Watch};
use micro::{Error, Result};
use tokio::sync::watch as channel;

use self::known::Known;
use self::log::Log;
pub use self::log::Method;
pub use self::script::Script;
use self::watch::{Live, Old};

/// A registry in front of another, which works, hangs or fails as it is told. Clones are the same registry.
///
/// Calls are counted whether or not they succeed.
#[derive(Clone, Debug)]
pub struct Scripted(Arc<Shared>);

/// How a [`Scripted`] registry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// It works.
    #[default]
    Up,
    /// It cannot be reached: every call fails at once with `Unavailable`, and so does every watch that is open.
    Down,
    /// It does not answer: every call waits until this has changed, and no watch tells anything.
    Hang,
    /// It answers what it knew when this was set: registrations succeed and nobody sees them, and watches tell nothing
    /// new. A watch that began meanwhile fails when this has changed.
    Stale,
}

#[derive(Debug)]
struct Shared {
    inner: Arc<dyn Registry>,
    now: channel::Sender<Now>,
    log: Mutex<Log>,
}

/// How it is now.
#[derive(Clone, Debug, Default)]
struct Now {
    mode: Mode,
    /// How often its watches were lost. A watch that began before the last time fails.
    losses: usize,
    /// What it knew when it became stale.
    known: Arc<Known>,
}

impl Scripted {
    /// In front of `registry`, and working.
    #[must_use]
    pub fn over(registry: Arc<dyn Registry>) -> Self {
        let now = channel::Sender::new(Now::default());
        Self(Arc::new(Shared { inner: registry, now, log: Mutex::default() }))
    }

    /// Sets how it is from now on.
    ///
    /// # Errors
    /// That of the registry behind it when it cannot say what it knows, which [`Mode::Stale`] asks for.
    pub async fn set(&self, mode: Mode) -> Result<()> {
        let known = match mode {
            Mode::Stale => Arc::new(Known::of(&*self.0.inner).await?),
            _ => Arc::default(),
        };
        self.0.now.send_modify(|now| {
            now.losses += usize::from(mode == Mode::Down);
            (now.mode, now.known) = (mode, known);
        });
        Ok(())
    }

    /// How it is.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.0.now.borrow().mode
    }

    /// Forgets all nodes, as a registry does that was restarted and kept its data in memory. Its watches fail.
    ///
    /// # Errors
    /// That of the registry behind it, whose nodes are deregistered. One that holds nodes of other processes which
    /// cannot be deregistered from here (mDNS) keeps these.
    pub async fn forget(&self) -> Result<()> {
        self.0.now.send_modify(|now| now.losses += 1);
        for service in Known::of(&*self.0.inner).await?.services() {
            self.0.inner.deregister(service).await?;
        }
        Ok(())
    }

    /// Plays a script to its end.
    ///
    /// # Errors
    /// Those of [`set`](Self::set) and [`forget`](Self::forget).
    pub async fn play(&self, script: Script) -> Result<()> {
        script.play(self).await
    }

    /// How often a method was called so far.
    #[must_use]
    pub fn calls(&self, method: Method) -> usize {
        self.log().count(method)
    }

    /// How often a method was called at most within any piece of time of this width: many are a stampede.
    #[must_use]
    pub fn most_calls_within(&self, width: Duration, method: Method) -> usize {
        self.log().most_within(width, method)
    }

    /// Counts calls from zero again.
    pub fn reset_calls(&self) {
        *self.log() = Log::default();
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call: counts it, and waits or fails as it is told.
    async fn enter(&self, method: Method) -> Result<Now> {
        self.log().add(method);
        let mut changes = self.0.now.subscribe();
        loop {
            let now = changes.borrow_and_update().clone();
            match now.mode {
                Mode::Up | Mode::Stale => return Ok(now),
                Mode::Down => return Err(down()),
                // The sender is ours.
                Mode::Hang => drop(changes.changed().await),
            }
        }
    }
}

#[async_trait]
impl Registry for Scripted {
    fn name(&self) -> &'static str {
        self.0.inner.name()
    }

    fn place(&self) -> String {
        self.0.inner.place()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.enter(Method::Register).await?;
        self.0.inner.register(service, options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.enter(Method::Deregister).await?;
        self.0.inner.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        let now = self.enter(Method::Get).await?;
        if now.mode == Mode::Stale { now.known.get(name) } else { self.0.inner.get(name).await }
    }

    async fn list(&self) -> Result<Vec<String>> {
        let now = self.enter(Method::List).await?;
        if now.mode == Mode::Stale { Ok(now.known.list()) } else { self.0.inner.list().await }
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        let now = self.enter(Method::Watch).await?;
        if now.mode == Mode::Stale {
            return Ok(Box::new(Old::new(&now, self.0.now.subscribe(), name)));
        }
        let inner = self.0.inner.watch(name).await?;
        Ok(Box::new(Live::new(&now, self.0.now.subscribe(), inner)))
    }
}

fn down() -> Error {
    Error::unavailable("the registry cannot be reached, by script").not_reached()
}
