//! The HTTP listener, over real sockets: bytes in, bytes out.

pub(crate) mod app;
mod ending;
mod given_up;
mod go_micro;
mod leaving;
mod limits;
mod options;
mod plain;
pub(crate) mod raw;
mod stop;
mod streams;
pub(crate) mod two;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use micro_core::{Address, Result, Shutdown};
use micro_transport::{Http, ListenOptions, Transport};
use tokio::task::JoinHandle;

use self::app::App;

/// More than anything here takes, on any machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A server that ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Shutdown,
    pub(crate) serving: JoinHandle<Result<()>>,
}

impl Server {
    /// Serves the application of these tests.
    pub(crate) async fn start() -> Self {
        Self::with(options(), &App::new()).await
    }

    pub(crate) async fn with(options: ListenOptions, app: &Arc<App>) -> Self {
        let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), &options).await.unwrap();
        let address = listener.addresses()[0].socket().unwrap();
        let stop = Shutdown::new();
        let serving = tokio::spawn(listener.serve(app.dispatch(), stop.clone()));
        Self { address, stop, serving }
    }

    /// Waits until it has ended after `stop`.
    pub(crate) async fn ended(&mut self) {
        tokio::time::timeout(LONG, &mut self.serving).await.expect("the server goes on").unwrap().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn options() -> ListenOptions {
    let mut options = ListenOptions::default();
    options.formats = micro_codec::formats();
    options.service = "greeter".into();
    options
}
