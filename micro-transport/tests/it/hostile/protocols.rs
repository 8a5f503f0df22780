//! Protocols that are not spoken, and noise.

use std::time::Duration;

use micro_transport::Protocols;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http_server::app::App;
use crate::http_server::raw::{Raw, ask, json, post};
use crate::http_server::two::{self, Two, whole};
use crate::http_server::{LONG, Server, options};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn protocols(http1: bool, http2: bool) -> Protocols {
    let mut protocols = Protocols::default();
    (protocols.http1, protocols.http2) = (http1, http2);
    protocols
}

#[tokio::test]
async fn protocols_that_are_off_say_so() {
    let mut options = options();
    options.protocols = protocols(false, true);
    let server = Server::with(options.clone(), &App::new()).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Greeter/Hello", "{}")).await;
    let said = raw.answer().await;
    assert_eq!((said.status(), said.header("connection")), (505, Some("close")));
    assert!(said.body().contains("HTTP/2"), "{}", said.body());
    assert!(raw.rest().await.is_empty());
    let mut two = Two::to(server.address).await;
    assert_eq!(two.ask(two::post("/Greeter/Hello", "application/json", whole("{}"))).await.status, 200);

    options.protocols = protocols(true, false);
    let server = Server::with(options, &App::new()).await;
    assert_eq!(ask(server.address, json("/Greeter/Hello", "{}")).await.status(), 200);
    let mut raw = Raw::to(server.address).await;
    raw.send([PREFACE, b"\0\0\0\x04\0\0\0\0\0"].concat()).await;
    raw.socket.shutdown().await.unwrap();
    let said = raw.rest().await;
    assert!(said.ends_with(b"HTTP/2 is switched off here: speak HTTP/1.1.\n"), "{}", said.escape_ascii());
    // A client understands it.
    let mut two = Two::to(server.address).await;
    assert!(two.send(two::post("/Greeter/Hello", "application/json", whole("{}"))).await.is_err());
    let error = timeout(LONG, two.driven).await.unwrap().unwrap().unwrap_err();
    assert!(format!("{error:?}").contains("HTTP_1_1_REQUIRED"), "{error:?}");
}

#[tokio::test]
async fn tls_gets_an_alert() {
    let server = Server::start().await;
    let mut raw = Raw::to(server.address).await;
    raw.send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03").await;
    raw.socket.shutdown().await.unwrap();
    assert_eq!(raw.rest().await, [0x15, 3, 1, 0, 2, 2, 70]);
}

/// Whatever comes, nothing panics, every connection ends, and the server goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise() {
    let mut options = options();
    options.header_timeout = Duration::from_secs(1);
    options.idle_timeout = Duration::from_secs(1);
    let app = App::new();
    let server = Server::with(options, &app).await;
    let mut random = Random(0x5eed);
    let seeds: Vec<Vec<u8>> = vec![
        Vec::new(),
        PREFACE.to_vec(),
        [PREFACE, b"\0\0\0\x04\0\0\0\0\0"].concat(),
        json("/Test/Echo", r#"{"name":"Jane"}"#).into_bytes(),
        post("/", "Micro-Endpoint: Greeter.Hello\r\nContent-Type: application/json\r\n", "{}").into_bytes(),
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n".to_vec(),
        b"\x16\x03\x01".to_vec(),
    ];
    for _ in 0..10 {
        let batch: Vec<_> = (0..100)
            .map(|_| {
                let mut bytes = seeds[random.below(seeds.len())].clone();
                for _ in 0..random.below(8) {
                    if !bytes.is_empty() {
                        let at = random.below(bytes.len());
                        bytes[at] = random.next() as u8;
                    }
                }
                if random.below(3) == 0 {
                    bytes.truncate(random.below(bytes.len() + 1));
                }
                bytes.extend((0..random.below(400)).map(|_| random.next() as u8));
                tokio::spawn(throw(server.address, bytes))
            })
            .collect();
        for thrown in batch {
            timeout(LONG, thrown).await.expect("a connection does not end").unwrap();
        }
    }
    app.until_running(0).await;
    assert_eq!(ask(server.address, json("/Greeter/Hello", "{}")).await.status(), 200);
    assert!(!server.serving.is_finished());
}

async fn throw(address: std::net::SocketAddr, bytes: Vec<u8>) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // It may be refused before all is sent.
    let _ = socket.write_all(&bytes).await;
    let _ = socket.shutdown().await;
    let mut said = Vec::new();
    let _ = socket.read_to_end(&mut said).await;
}

/// The same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
