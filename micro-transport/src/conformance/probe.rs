use std::sync::Arc;

use tokio::sync::watch;

/// What the service under test tells its law, and the gate that the law holds it up with.
#[derive(Debug)]
pub(super) struct Probe {
    /// How many handlers run now.
    running: watch::Sender<usize>,
    /// How many have started.
    started: watch::Sender<usize>,
    /// How many messages of streams they have sent or received.
    messages: watch::Sender<usize>,
    gate: watch::Sender<bool>,
}

/// A handler that runs.
pub(super) struct Inside(Arc<Probe>);

impl Probe {
    pub(super) fn new() -> Arc<Self> {
        let count = || watch::Sender::new(0);
        Arc::new(Self {
            running: count(),
            started: count(),
            messages: count(),
            gate: watch::Sender::new(false),
        })
    }

    /// A handler starts; it ends with the guard.
    pub(super) fn enter(self: &Arc<Self>) -> Inside {
        // In this order: who waits until so many run may then ask how many have started.
        self.started.send_modify(|started| *started += 1);
        self.running.send_modify(|running| *running += 1);
        Inside(self.clone())
    }

    pub(super) fn message(&self) {
        self.messages.send_modify(|messages| *messages += 1);
    }

    pub(super) fn open(&self) {
        self.gate.send_replace(true);
    }

    pub(super) async fn opened(&self) {
        until(&self.gate, |open| *open).await;
    }

    pub(super) fn running(&self) -> usize {
        *self.running.borrow()
    }

    pub(super) fn started(&self) -> usize {
        *self.started.borrow()
    }

    pub(super) fn messages(&self) -> usize {
        *self.messages.borrow()
    }

    /// Waits until at least so many handlers run at the same time.
    pub(super) async fn until_running(&self, count: usize) {
        until(&self.running, |running| *running >= count).await;
    }

    /// Waits until no handler runs.
    pub(super) async fn until_idle(&self) {
        until(&self.running, |running| *running == 0).await;
    }

    /// Waits until at least so many have started.
    pub(super) async fn until_started(&self, count: usize) {
        until(&self.started, |started| *started >= count).await;
    }

    /// Waits until there were at least so many messages.
    pub(super) async fn until_messages(&self, count: usize) {
        until(&self.messages, |messages| *messages >= count).await;
    }
}

async fn until<T>(value: &watch::Sender<T>, is: impl FnMut(&T) -> bool) {
    // The sender is borrowed, so that it is there as long as somebody waits.
    let _ = value.subscribe().wait_for(is).await;
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
