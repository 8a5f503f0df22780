//! The HTTP listener, over real sockets: bytes in, bytes out.

mod app;
mod go_micro;
mod hostile;
mod limits;
mod plain;
mod raw;
mod stop;
mod streams;
mod two;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Address, Result, Shutdown};
use micro_transport::{Http, ListenOptions, Transport};
use tokio::task::JoinHandle;

use self::app::App;

/// More than anything here takes, on any machine.
const LONG: Duration = Duration::from_secs(20);

/// A server that ends with the test.
struct Server {
    address: SocketAddr,
    stop: Shutdown,
    serving: JoinHandle<Result<()>>,
}

impl Server {
    /// Serves the application of these tests.
    async fn start() -> Self {
        Self::with(options(), &App::new()).await
    }

    async fn with(options: ListenOptions, app: &Arc<App>) -> Self {
        let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), &options).await.unwrap();
        let address = listener.addresses()[0].socket().unwrap();
        let stop = Shutdown::new();
        let serving = tokio::spawn(listener.serve(app.dispatch(), stop.clone()));
        Self { address, stop, serving }
    }

    /// Waits until it has ended after `stop`.
    async fn ended(&mut self) {
        tokio::time::timeout(LONG, &mut self.serving).await.expect("the server goes on").unwrap().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn options() -> ListenOptions {
    let mut options = ListenOptions::default();
    options.formats = micro_codec::formats();
    options.service = "greeter".into();
    options
}
