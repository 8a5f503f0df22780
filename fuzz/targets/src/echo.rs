//! A service, and what it is asked by hostile peers.

use std::sync::Arc;
use std::time::Duration;

use micro::transport::ListenOptions;
use micro::{Address, App, Peer, Receiver, Result, Router, Sender, Shutdown, handler};
use micro_transport::fuzzing::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// The most calls at a time: few, so that one that is never given back is missed soon.
const MAX_CALLS: usize = 100;
/// As long as nothing may take. The clock jumps whenever nothing happens, so it does not really take that.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);
/// What is read of an answer, in bytes.
const MAX_ANSWER: u64 = 16 * 1024 * 1024;

struct Echo;

#[handler]
impl Echo {
    async fn say(&self, text: String) -> Result<String> {
        Ok(text)
    }

    async fn wait(&self, _: ()) -> Result<()> {
        std::future::pending().await
    }

    async fn repeat(&self, mut texts: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        while let Some(text) = texts.next().await? {
            sender.send(text).await?;
        }
        Ok(())
    }

    async fn letters(&self, text: String, mut sender: Sender<String>) -> Result<()> {
        for letter in text.chars().take(100) {
            sender.send(letter.to_string()).await?;
        }
        Ok(())
    }
}

/// The service, and the runtime that it lives in: one thread, and a clock that goes on when nothing else does.
pub(crate) struct World {
    runtime: Runtime,
    server: Server,
}

impl World {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let app = Arc::new(App::new("echo", micro::formats()));
        let mut router = Router::new(app);
        router.handle(Echo).expect("it has no endpoint yet");
        let mut options = ListenOptions::default();
        options.formats = micro::formats();
        options.service = "echo".to_owned();
        options.max_calls = MAX_CALLS;
        options.max_message = 64 * 1024;
        let server = Server::new(Arc::new(router), options, Shutdown::new());
        Self { runtime: runtime.expect("a runtime"), server }
    }

    /// Sends bytes as a peer, then calls as an honest one: the service has survived, and nothing is left of the other.
    pub(crate) fn survives(&self, bytes: &[u8]) {
        self.runtime.block_on(async {
            self.exchange(bytes).await;
            let honest = b"POST /Echo/Say HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
                Content-Length: 3\r\nConnection: close\r\n\r\n\"x\"";
            let answer = self.exchange(honest).await;
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n\"x\""), "{answer}");
            assert_eq!(self.server.free(), MAX_CALLS, "calls that are not given back");
            let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
            assert_eq!(tasks, 0, "tasks that go on without their connection");
        });
    }

    /// A connection to its end, and all that was answered.
    async fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let peer = Peer::new(Address::new("127.0.0.1:9").expect("an address"), "");
        let server = self.server.clone();
        let serving = tokio::spawn(async move { server.serve(theirs, peer).await });
        let answer = timeout(FOR_EVER, talk(ours, bytes)).await.expect("it answers, or closes");
        timeout(FOR_EVER, serving).await.expect("it ends").expect("without a panic");
        // What was told to end does so when it is polled next.
        tokio::time::sleep(Duration::from_millis(1)).await;
        answer
    }
}

/// Sends bytes and closes, while it reads what is answered.
async fn talk(ours: DuplexStream, bytes: &[u8]) -> Vec<u8> {
    let (read, mut write) = tokio::io::split(ours);
    let sending = async {
        // A server need not read what it refuses.
        let _ = write.write_all(bytes).await;
        let _ = write.shutdown().await;
    };
    let mut answer = Vec::new();
    let mut read = read.take(MAX_ANSWER);
    let reading = read.read_to_end(&mut answer);
    let ((), read) = tokio::join!(sending, reading);
    let _ = read;
    answer
}
