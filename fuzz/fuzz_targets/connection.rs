//! Feeds bytes to a connection of the HTTP listener, and then calls it properly: it must have survived.
#![no_main]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use micro::registry::Memory;
use micro::{Address, Receiver, Result, Running, Sender, Service, Settings, handler};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

struct Echo;

#[handler]
impl Echo {
    async fn say(&self, text: String) -> Result<String> {
        Ok(text)
    }

    async fn repeat(&self, mut texts: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        while let Some(text) = texts.next().await? {
            sender.send(text).await?;
        }
        Ok(())
    }
}

struct World {
    runtime: Runtime,
    echo: Running,
    address: Address,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let service = Service::new("echo").handle(Echo).settings(Settings::empty());
        let service = service.registry(Arc::new(Memory::new())).address("127.0.0.1:0").handle_signals(false);
        let echo = runtime.block_on(service.start()).unwrap();
        let address = echo.addresses()[0].clone();
        World { runtime, echo, address }
    })
}

fuzz_target!(|bytes: &[u8]| {
    let world = world();
    world.runtime.block_on(async {
        let mut socket = TcpStream::connect(world.address.as_str()).await.unwrap();
        let _ = socket.write_all(bytes).await;
        let _ = socket.shutdown().await;
        let mut answer = Vec::new();
        let mut limited = socket.take(1 << 20);
        // What hangs is a bug; a half-closed connection has half a second.
        let reading = limited.read_to_end(&mut answer);
        let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.expect("it ends");

        let client = world.echo.client().with_address(world.address.clone());
        let said: String = client.call(("echo", "Echo.Say"), "x".to_owned()).await.unwrap();
        assert_eq!(said, "x");
    });
});
