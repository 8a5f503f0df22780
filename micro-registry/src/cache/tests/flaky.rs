use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use micro_core::{Error, Result};
use tokio::select;
use tokio::sync::watch;

use crate::{Event, Memory, RegisterOptions, Registry, Service, Watch};

/// A registry that fails when it is told to, and counts what is asked of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaky(Arc<Shared>);

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) memory: Memory,
    pub(super) watches: AtomicUsize,
    pub(super) gets: AtomicUsize,
    pub(super) registrations: AtomicUsize,
    /// Watches tell nothing.
    pub(super) deaf: AtomicBool,
    /// Watches begin, and nothing comes.
    pub(super) silent: AtomicBool,
    pub(super) unwatchable: AtomicBool,
    pub(super) panics: AtomicBool,
    /// Nothing is answered, and watches tell nothing; what happens meanwhile is told afterwards.
    hangs: watch::Sender<bool>,
    down: watch::Sender<bool>,
    open: Arc<()>,
}

struct FlakyWatch {
    flaky: Flaky,
    inner: Box<dyn Watch>,
    down: watch::Receiver<bool>,
    _open: Arc<()>,
}

impl Flaky {
    /// Fails from now on, and ends all watches.
    pub(super) fn fail(&self) {
        self.down.send_replace(true);
    }

    pub(super) fn recover(&self) {
        self.down.send_replace(false);
    }

    /// How many watches there are.
    pub(super) fn open(&self) -> usize {
        Arc::strong_count(&self.open) - 1
    }

    /// Neither answers nor fails, until it is told otherwise.
    pub(super) fn hang(&self, hangs: bool) {
        self.hangs.send_replace(hangs);
    }

    async fn answers(&self) {
        let mut hangs = self.hangs.subscribe();
        hangs.wait_for(|hangs| !hangs).await.unwrap();
    }

    async fn up(&self) -> Result<()> {
        self.answers().await;
        assert!(!self.panics.load(Ordering::SeqCst), "a panic of a registry");
        if *self.down.borrow() { Err(Error::unavailable("it is down")) } else { Ok(()) }
    }
}

impl std::ops::Deref for Flaky {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

#[async_trait]
impl Registry for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    fn place(&self) -> String {
        "a test".to_owned()
    }

    async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
        self.registrations.fetch_add(1, Ordering::SeqCst);
        self.up().await?;
        self.memory.register(service, options).await
    }

    async fn deregister(&self, service: &Service) -> Result<()> {
        self.up().await?;
        self.memory.deregister(service).await
    }

    async fn get(&self, name: &str) -> Result<Vec<Service>> {
        self.gets.fetch_add(1, Ordering::SeqCst);
        self.up().await?;
        self.memory.get(name).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.up().await?;
        self.memory.list().await
    }

    async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
        self.watches.fetch_add(1, Ordering::SeqCst);
        self.up().await?;
        if self.unwatchable.load(Ordering::SeqCst) {
            return Err(Error::unimplemented("it cannot be watched"));
        }
        let mut down = self.down.subscribe();
        down.borrow_and_update();
        let inner = self.memory.watch(name).await?;
        Ok(Box::new(FlakyWatch { flaky: self.clone(), inner, down, _open: self.open.clone() }))
    }
}

#[async_trait]
impl Watch for FlakyWatch {
    async fn next(&mut self) -> Result<Event> {
        loop {
            if self.flaky.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            select! {
                // In the order in which they are written, so that a test with a seed is the same each time.
                biased;
                _ = self.down.changed() => return Err(Error::unavailable("it is down")),
                event = async {
                    self.flaky.answers().await;
                    self.inner.next().await
                } => {
                    if !self.flaky.deaf.load(Ordering::SeqCst) {
                        return event;
                    }
                }
            }
        }
    }
}
