//! What tells a service to stop.

use std::future::pending;
use std::time::Duration;

use micro_core::Shutdown;
use tokio::time::Instant;

/// How soon after the first one a signal is taken for the same: supervisors may send one to a process and to its group.
const SAME_SIGNAL: Duration = Duration::from_millis(500);

/// SIGTERM and SIGINT, where they are wanted, and the service's own [`Shutdown`]. Signals are seen from the making of
/// this on, whether or not somebody waits.
pub(super) struct Told {
    stop: Shutdown,
    signals: Option<Signals>,
    /// The first signal, and when it came.
    first: Option<(&'static str, Instant)>,
}

impl Told {
    pub(super) fn new(signals: bool, stop: Shutdown) -> Self {
        Self { stop, signals: signals.then(Signals::new), first: None }
    }

    /// Waits until the service is told to stop.
    pub(super) async fn stop_wanted(&mut self) {
        tokio::select! {
            biased;
            signal = next(&mut self.signals) => {
                tracing::info!("Received signal {signal}");
                self.first = Some((signal, Instant::now()));
            }
            () = self.stop.fired() => tracing::info!("Told to stop"),
        }
    }

    /// Waits for the second signal, and says which were the first and this. Being told by the program and then by a
    /// signal is no second signal.
    pub(super) async fn again(&mut self) -> (&'static str, &'static str) {
        loop {
            let signal = next(&mut self.signals).await;
            match self.first {
                None => {
                    tracing::info!("Received signal {signal}: stopping already");
                    self.first = Some((signal, Instant::now()));
                }
                Some((_, when)) if when.elapsed() < SAME_SIGNAL => {}
                Some((first, _)) => return (first, signal),
            }
        }
    }
}

async fn next(signals: &mut Option<Signals>) -> &'static str {
    match signals {
        Some(signals) => signals.next().await,
        None => pending().await,
    }
}

#[cfg(unix)]
struct Signals {
    terminate: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind, name| {
            let unheard = |error| tracing::warn!(%error, "cannot wait for {name}");
            signal(kind).map_err(unheard).ok()
        };
        Self {
            terminate: listen(SignalKind::terminate(), "SIGTERM"),
            interrupt: listen(SignalKind::interrupt(), "SIGINT"),
        }
    }

    async fn next(&mut self) -> &'static str {
        async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
            let Some(signal) = signal else { return pending().await };
            if signal.recv().await.is_none() {
                pending::<()>().await;
            }
        }
        tokio::select! {
            () = one(&mut self.interrupt) => "SIGINT",
            () = one(&mut self.terminate) => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> &'static str {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!(%error, "cannot wait for Ctrl-C");
            pending::<()>().await;
        }
        "Ctrl-C"
    }
}
