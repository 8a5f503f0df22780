use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use micro_core::{Error, Result};
use micro_registry::{RegistrationState, RegistrationStatus};
use micro_transport::Health;
use tokio::sync::watch;

/// Whether a service should be sent calls: it runs, is not stopping, and is in its registry.
#[derive(Clone, Default)]
pub(crate) struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    phase: AtomicU8,
    registration: OnceLock<watch::Receiver<RegistrationStatus>>,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const STOPPING: u8 = 2;

impl Readiness {
    /// The service runs; `registration` says whether its registry has it.
    pub(crate) fn running(&self, registration: watch::Receiver<RegistrationStatus>) {
        let _ = self.0.registration.set(registration);
        self.0.phase.store(RUNNING, Ordering::Release);
    }

    /// The service is about to stop.
    pub(crate) fn stopping(&self) {
        self.0.phase.store(STOPPING, Ordering::Release);
    }

    /// Whether calls should come, or why not.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        match self.0.phase.load(Ordering::Acquire) {
            STARTING => Err("starting".to_owned()),
            STOPPING => Err("stopping".to_owned()),
            _ => self.registered(),
        }
    }

    fn registered(&self) -> std::result::Result<(), String> {
        let Some(registration) = self.0.registration.get() else { return Err("starting".to_owned()) };
        let status = registration.borrow();
        match (&status.state, &status.error) {
            (RegistrationState::Registered, _) => Ok(()),
            (_, Some(error)) => Err(format!("not registered: {}", error.detail())),
            _ => Err("not registered yet: the registry has not answered".to_owned()),
        }
    }
}

impl Health for Readiness {
    fn ready(&self) -> Result<()> {
        self.check().map_err(Error::unavailable)
    }
}

impl Debug for Readiness {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readiness").field(&self.check()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use micro_registry::{
        Memory, Node, RegisterOptions, Registration, RegistrationOptions, Registry, Service, Watch,
    };

    use super::*;

    /// A registry that may be down.
    #[derive(Debug, Default)]
    struct Down {
        memory: Memory,
        down: std::sync::atomic::AtomicBool,
    }

    #[async_trait]
    impl Registry for Down {
        fn name(&self) -> &'static str {
            "down"
        }

        fn place(&self) -> String {
            "a test".to_owned()
        }

        async fn register(&self, service: &Service, options: &RegisterOptions) -> Result<()> {
            if self.down.load(Ordering::SeqCst) {
                return Err(Error::unavailable("nobody listens"));
            }
            self.memory.register(service, options).await
        }

        async fn deregister(&self, service: &Service) -> Result<()> {
            self.memory.deregister(service).await
        }

        async fn get(&self, name: &str) -> Result<Vec<Service>> {
            self.memory.get(name).await
        }

        async fn list(&self) -> Result<Vec<String>> {
            self.memory.list().await
        }

        async fn watch(&self, name: Option<&str>) -> Result<Box<dyn Watch>> {
            self.memory.watch(name).await
        }
    }

    #[tokio::test]
    async fn it_says_what_is_wrong_with_the_registry_as_long_as_it_is() {
        let registry = Arc::new(Down::default());
        registry.down.store(true, Ordering::SeqCst);
        let node = Node::new("a-1", "127.0.0.1:1".parse().unwrap());
        let record = Service::new("a", "latest").with_node(node);
        let registration = Registration::start(registry.clone(), record, RegistrationOptions::default());
        let readiness = Readiness::default();
        assert_eq!(readiness.check().unwrap_err(), "starting");
        readiness.running(registration.watch());
        assert_eq!(readiness.check().unwrap_err(), "not registered yet: the registry has not answered");
        registration.changed(RegistrationState::Pending).await;
        let error = readiness.ready().unwrap_err();
        assert_eq!(error.to_string(), "unavailable: not registered: registry down (a test): nobody listens");
        registry.down.store(false, Ordering::SeqCst);
        registration.changed(RegistrationState::Lost).await;
        assert_eq!(readiness.check(), Ok(()));
        readiness.stopping();
        assert_eq!(readiness.check().unwrap_err(), "stopping");
        registration.stop().await.unwrap();
    }
}
