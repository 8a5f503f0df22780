//! The service `helloworld`, for the clients of go-micro.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use micro::registry::Memory;
use micro::{Context, Error, Result, Service, Settings, Shutdown, handler};

use crate::messages::{Greeting, Hello, MetaKey, MetaValue, Nap, greeting};

struct Helloworld;

#[handler]
impl Helloworld {
    /// Greets.
    async fn call(&self, request: Hello) -> Result<Greeting> {
        Ok(Greeting { msg: greeting(&request.name) })
    }

    /// Answers nothing, to nothing.
    async fn nothing(&self) -> Result<()> {
        Ok(())
    }

    /// Answers a 400.
    async fn fail(&self) -> Result<()> {
        Err(Error::invalid_argument("no name"))
    }

    /// Sleeps. It does not look at the deadline: that is the server's part.
    async fn sleep(&self, request: Nap) -> Result<Nap> {
        tokio::time::sleep(Duration::from_millis(request.ms)).await;
        Ok(request)
    }

    /// Answers a value of the request's metadata.
    async fn meta(&self, context: &Context, request: MetaKey) -> Result<MetaValue> {
        let value = context.metadata().get(request.key.as_str()).unwrap_or_default();
        Ok(MetaValue { value: value.to_owned() })
    }
}

/// Serves until SIGTERM, or until the standard input is closed.
///
/// # Errors
/// What the service ended with.
pub(crate) async fn serve(address: &str) -> Result<()> {
    let stop = Shutdown::new();
    let running = Service::new("helloworld")
        .settings(Settings::empty())
        .registry(Arc::new(Memory::new()))
        .address(address)
        // Nobody finds it by a registry, so nobody has to hear that it leaves.
        .lame_duck(Duration::ZERO)
        .drain(Duration::from_secs(1))
        .shutdown(stop.clone())
        .handle(Helloworld)
        .start()
        .await?;
    for address in running.addresses() {
        println!("READY {address}");
    }
    // Whoever started the server holds its standard input: when that one is gone, however it went, nothing is left
    // behind. A thread, as reading cannot be cancelled and the end of the program must not wait for it.
    std::thread::spawn(move || {
        let mut thrown_away = [0; 1024];
        while matches!(std::io::stdin().read(&mut thrown_away), Ok(1..)) {}
        stop.fire();
    });
    running.run().await
}
