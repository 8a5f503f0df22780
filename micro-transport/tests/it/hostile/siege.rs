//! A server under attack: what it held before, and somebody who calls it as one should all the while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use micro_transport::ListenOptions;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http_server::app::App;
use crate::http_server::raw::{Raw, json};
use crate::http_server::{LONG, Server, options};

/// Up to how many places for calls are counted when an attack is over.
const COUNTED: usize = 100;

/// A server, and a client that behaves well and is to be answered whatever others do.
pub(crate) struct Siege {
    pub(crate) server: Server,
    pub(crate) app: Arc<App>,
    /// The tasks that there were before the first connection.
    tasks: usize,
    /// How many calls the server runs at a time.
    places: usize,
    over: Arc<AtomicBool>,
    bystander: JoinHandle<usize>,
}

impl Siege {
    pub(crate) async fn lay() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: ListenOptions) -> Self {
        let (app, places) = (App::new(), options.max_calls);
        let server = Server::with(options, &app).await;
        let tasks = Handle::current().metrics().num_alive_tasks();
        let over = Arc::new(AtomicBool::new(false));
        let raw = Raw::to(server.address).await;
        let bystander = tokio::spawn(stand_by(raw, over.clone()));
        Self { server, app, tasks, places, over, bystander }
    }

    /// The attack is over and its sockets are closed: others were answered all the while and are now, and nothing of it
    /// is left.
    pub(crate) async fn lift(self) {
        self.over.store(true, Ordering::SeqCst);
        let calls = timeout(LONG, self.bystander).await.expect("others are not answered").unwrap();
        assert!(calls >= 2, "{calls} calls of others");
        self.app.until_running(0).await;
        if self.places <= COUNTED {
            crate::lane::full(self.server.address, &self.app, self.places).await;
        }
        let alive = || Handle::current().metrics().num_alive_tasks();
        let gone = async {
            while alive() > self.tasks {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let gone = timeout(LONG, gone).await;
        assert!(gone.is_ok(), "{} tasks are left, and not {}", alive(), self.tasks);
        assert!(!self.server.serving.is_finished(), "the server ended");
    }
}

/// Calls on one connection until it is over, and once more then; says how often.
async fn stand_by(mut raw: Raw, over: Arc<AtomicBool>) -> usize {
    for calls in 1.. {
        let last = over.load(Ordering::SeqCst);
        raw.send(json("/Greeter/Hello", r#"{"name":"Jane"}"#)).await;
        let said = raw.answer().await;
        assert_eq!((said.status(), said.body()), (200, r#"{"msg":"Hello Jane"}"#));
        if last && calls > 1 {
            return calls;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    unreachable!("it is over before")
}
