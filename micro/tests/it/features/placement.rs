//! Where handlers run whose calls come in over a lane.

use std::sync::Arc;
use std::time::Duration;

use micro::registry::Memory;
use micro::transport::Placement;
use micro::{Client, Result, Service, Settings, handler};

struct Places;

#[handler]
impl Places {
    /// The task that it runs in.
    async fn anywhere(&self) -> Result<String> {
        Ok(tokio::task::id().to_string())
    }

    #[endpoint(spawn)]
    async fn apart(&self) -> Result<String> {
        Ok(tokio::task::id().to_string())
    }
}

/// The tasks in which two calls run, one after the other.
async fn tasks(client: &Client, endpoint: &str) -> Result<[String; 2]> {
    Ok([client.call(("places", endpoint), ()).await?, client.call(("places", endpoint), ()).await?])
}

#[tokio::test]
async fn in_the_task_of_the_connection_or_in_one_of_their_own() -> Result<()> {
    for placement in [Placement::InPlace, Placement::Spawned] {
        let registry = Arc::new(Memory::new());
        let service = Service::new("places")
            .settings(Settings::empty())
            .registry(registry.clone())
            .address("127.0.0.1:0")
            .lame_duck(Duration::ZERO)
            .handle_signals(false)
            .limits(|options| {
                options.placement = placement;
                (options.protocols.http1, options.protocols.http2) = (false, false);
            })
            .handle(Places);
        let running = service.start().await?;
        running.registered().await;
        let caller = Service::new("caller").settings(Settings::empty()).registry(registry).build()?;

        let [first, second] = tasks(&caller.client(), "Places.Anywhere").await?;
        assert_eq!(first == second, placement == Placement::InPlace, "{placement:?}");
        let [third, fourth] = tasks(&caller.client(), "Places.Apart").await?;
        assert!(third != fourth && third != first, "{placement:?}");
        running.stop().await?;
    }
    Ok(())
}
