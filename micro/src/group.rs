use micro_core::{Error, Result, ResultExt, Shutdown};

use crate::Service;

/// Several services in one process, which start and stop together.
///
/// ```no_run
/// # use micro::{Group, Result, Service};
/// # async fn f() -> Result<()> {
/// Group::new().add(Service::new("orders")).add(Service::new("payments")).run().await
/// # }
/// ```
#[derive(Debug, Default)]
#[must_use = "a group does nothing until it is run"]
pub struct Group {
    services: Vec<Service>,
    stop: Shutdown,
}

impl Group {
    /// No services.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more service.
    #[allow(clippy::should_implement_trait, reason = "services are no numbers")]
    pub fn add(mut self, service: Service) -> Self {
        self.services.push(service);
        self
    }

    /// Stops all when `stop` is fired.
    pub fn shutdown(self, stop: Shutdown) -> Self {
        Self { stop, ..self }
    }

    /// Runs all of them, until they are told to stop or one of them fails; then the others are stopped in order too.
    ///
    /// # Errors
    /// The first failure of a service.
    pub async fn run(self) -> Result<()> {
        let stop = self.stop.child();
        let mut tasks = tokio::task::JoinSet::new();
        for service in self.services {
            let service = service.shutdown(stop.clone());
            let name = service.name().to_owned();
            tasks.spawn(async move { service.run().await.context(format!("service `{name}`")) });
        }
        let mut result = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let ended = ended
                .unwrap_or_else(|error| Err(Error::internal("a service's task ended").with_source(error)));
            if result.is_ok() {
                result = ended;
            }
            stop.fire();
        }
        result
    }
}
