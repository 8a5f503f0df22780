//! How our client comes to the lane: by asking a bare address, and by what a node lists.

mod bare;
mod heads;
mod listed;
mod strangers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use micro_core::{Address, Body, Call, Dispatch, Error, Request, Response, Shutdown};
use micro_transport::{Connection, DialOptions, Http, ListenOptions, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http_client::{Raw, read_request, request, soon, write_answer};

/// The first byte of a lane.
const PREFACE: u8 = 0x89;

/// Whether a request offers the lane.
fn offers(head: &str) -> bool {
    ["Connection: Upgrade\r\n", "Upgrade: micro-lane\r\n", "Micro-Lane: "]
        .iter()
        .all(|line| head.contains(line))
}

fn listing(protocols: &[&str]) -> DialOptions {
    let mut options = DialOptions::default();
    options.protocols = protocols.iter().map(|&name| name.to_owned()).collect();
    options
}

/// A minute goes by.
async fn a_minute() {
    after(Duration::from_secs(60)).await;
}

/// So much time goes by.
async fn after(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Calls once, and expects an answer. Says what it was called over, where that is said.
async fn works(connection: &Arc<dyn Connection>) -> String {
    let response = soon(connection.dispatch(request("{}"))).await.unwrap();
    response.metadata().get("protocol").unwrap_or_default().to_owned()
}

/// Serves an application until the test ends.
async fn serve(app: Arc<dyn Dispatch>, options: &ListenOptions) -> SocketAddr {
    let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), options).await.unwrap();
    let address = listener.addresses()[0].socket().unwrap();
    tokio::spawn(listener.serve(app, Shutdown::new()));
    address
}

/// An application that counts the calls it has seen, and fails those with metadata `fail`.
#[derive(Default)]
struct Seen(AtomicUsize);

impl Seen {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Dispatch for Seen {
    fn dispatch(&self, request: Request) -> Call {
        self.0.fetch_add(1, Ordering::SeqCst);
        let metadata = request.head.metadata.clone();
        if metadata.contains("fail") {
            return Call::ready(Err(Error::aborted("on purpose").with_reason("PURPOSE").with_id("greeter")));
        }
        let mut response = Response::new(match request.body {
            Body::Empty => Body::One("empty".into()),
            body => body,
        });
        let left = request.head.deadline.map_or(0, |deadline| deadline.left().as_secs());
        let more = [
            ("protocol", request.head.peer().map_or("", |peer| peer.protocol).to_owned()),
            ("keys", metadata.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" ")),
            ("tenant", metadata.get("tenant").unwrap_or_default().to_owned()),
            ("left", left.to_string()),
        ];
        for (key, value) in more {
            response.metadata_mut().insert(key, value).unwrap();
        }
        response.trailers_mut().insert("cost", "7").unwrap();
        Call::ready(Ok(response))
    }
}

/// A peer that speaks HTTP/1.1, and does something of its own about the lane.
struct Stranger {
    raw: Raw,
    /// The requests that offered the lane.
    offers: Arc<AtomicUsize>,
    /// The connections that began with its preface.
    prefaces: Arc<AtomicUsize>,
}

impl Stranger {
    /// Answers requests with their own bodies, those that offer the lane with `answer`, and prefaces with `greeting`, and
    /// closes behind either. Without an answer an offer is answered as any request is, and all of its headers are in it.
    async fn start(answer: Option<&'static [u8]>, greeting: &'static [u8]) -> Self {
        let (offers_, prefaces) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (asked, begun) = (offers_.clone(), prefaces.clone());
        let raw = Raw::start(move |mut stream, _| {
            let (asked, begun) = (asked.clone(), begun.clone());
            async move {
                if first_byte(&stream).await == Some(PREFACE) {
                    begun.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(greeting).await;
                    return end(stream).await;
                }
                let mut copied = None;
                while let Some((head, body)) = read_request(&mut stream).await {
                    if offers(&head) {
                        asked.fetch_add(1, Ordering::SeqCst);
                        if let Some(answer) = answer {
                            let _ = stream.write_all(answer).await;
                            return end(stream).await;
                        }
                    }
                    if answer.is_some() {
                        write_answer(&mut stream, &body).await;
                        continue;
                    }
                    // As Go Micro does it: those of the first request of the connection.
                    let copied = copied.get_or_insert_with(|| {
                        let lines = head.lines().skip(1).filter(|line| !line.starts_with("Content-Length"));
                        lines
                            .filter(|line| !line.is_empty())
                            .map(|line| format!("{line}\r\n"))
                            .collect::<String>()
                    });
                    let length = body.len();
                    let answer = format!("HTTP/1.1 200 OK\r\n{copied}Content-Length: {length}\r\n\r\n{body}");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        })
        .await;
        Self { raw, offers: offers_, prefaces }
    }

    fn offers(&self) -> usize {
        self.offers.load(Ordering::SeqCst)
    }

    fn prefaces(&self) -> usize {
        self.prefaces.load(Ordering::SeqCst)
    }
}

async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut first = [0];
    (stream.peek(&mut first).await.ok()? > 0).then_some(first[0])
}

/// Ends the answering side, and waits for the other one.
async fn end(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Something in between, which takes the offer out of requests while `strips`.
struct Between {
    raw: Raw,
    strips: Arc<AtomicBool>,
}

impl Between {
    async fn start(to: SocketAddr) -> Self {
        let strips = Arc::new(AtomicBool::new(false));
        let strip = strips.clone();
        let raw = Raw::start(move |mut stream, _| {
            let strip = strip.clone();
            async move {
                let Some(first) = first_byte(&stream).await else { return };
                let mut server = TcpStream::connect(to).await.unwrap();
                if strip.load(Ordering::SeqCst) && first != PREFACE {
                    let Some((head, body)) = read_request(&mut stream).await else { return };
                    let lines = head.split_inclusive("\r\n");
                    let head: String = lines.filter(|line| !line.contains("Upgrade")).collect();
                    server.write_all((head + &body).as_bytes()).await.unwrap();
                }
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            }
        })
        .await;
        Self { raw, strips }
    }
}

/// Reads until the other side is gone.
async fn until_gone(mut stream: TcpStream) {
    let mut bytes = [0; 1024];
    while matches!(stream.read(&mut bytes).await, Ok(1..)) {}
}
