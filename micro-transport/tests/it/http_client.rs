//! What the tests of HTTP's calling side share: calls to make, and servers that speak HTTP by hand.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use micro_core::{Address, Body, Deadline, Head, Request, Response, Route};
use micro_transport::{Connection, DialOptions, Http, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Far more than anything here takes: what reaches it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// What a test that must not hang is given.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONG, future).await.expect("it hangs")
}

pub(crate) fn h2() -> DialOptions {
    let mut options = DialOptions::default();
    options.protocols = vec!["h2".to_owned()];
    options
}

pub(crate) async fn dial(to: SocketAddr, options: &DialOptions) -> Arc<dyn Connection> {
    soon(Http.dial(&Address::from(to), options)).await.unwrap()
}

pub(crate) fn head() -> Head {
    Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON)
}

pub(crate) fn request(text: &'static str) -> Request {
    Request::new(head(), Body::One(text.into()))
}

/// The same with a deadline.
pub(crate) fn request_within(text: &'static str, time: Duration) -> Request {
    let mut request = request(text);
    request.head.deadline = Some(Deadline::after(time));
    request
}

/// The message of an answer.
pub(crate) fn text(response: &Response) -> String {
    match &response.body {
        Body::One(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("no message: {other:?}"),
    }
}

/// A server that counts its connections.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    pub(crate) accepted: Arc<AtomicUsize>,
    pub(crate) open: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Raw {
    /// Gives every connection, with its number, to `serve`; it is open until that returns.
    pub(crate) async fn start<F, T>(serve: F) -> Self
    where
        F: Fn(TcpStream, usize) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, gauge) = (accepted.clone(), open.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serve(stream, count.fetch_add(1, Ordering::SeqCst));
                gauge.fetch_add(1, Ordering::SeqCst);
                let gauge = gauge.clone();
                connections.spawn(async move {
                    serving.await;
                    gauge.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, accepted, open, task }
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until so many connections are open.
    pub(crate) async fn until_open(&self, count: usize) {
        soon(async {
            while self.open.load(Ordering::SeqCst) != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one HTTP/1.1 request with a `Content-Length`: its head and its body; `None` when the connection ends before.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, String::from_utf8(body).unwrap()))
}

pub(crate) async fn write_answer(stream: &mut TcpStream, body: &str) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Answers every request of a connection with its own body.
pub(crate) async fn echo(mut stream: TcpStream) {
    while let Some((_, body)) = read_request(&mut stream).await {
        write_answer(&mut stream, &body).await;
    }
}

/// Answers the first request of each connection with these bytes and ends it.
pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Raw {
    let bytes = Arc::new(bytes.into());
    Raw::start(move |mut stream, _| {
        let bytes = bytes.clone();
        async move {
            if read_request(&mut stream).await.is_some() {
                // The other side may have read enough.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            let _ = stream.read_u8().await;
        }
    })
    .await
}
