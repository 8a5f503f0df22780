//! What is told to those who are still there when a server ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use micro_core::{Code, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::app::App;
use super::raw::{Raw, json, post};
use super::two::{self, Two, piecemeal, sealed, whole};
use super::{LONG, Server, options};

const STREAM: &str = "application/connect+json";

#[track_caller]
fn told(error: &Error) {
    assert_eq!(
        (error.code(), error.reason(), error.reached()),
        (Code::Unavailable, "STOPPING", true),
        "{error}"
    );
}

/// The error at the end of a stream of envelopes, which may be in chunks of HTTP/1.1.
fn ending(stream: &[u8]) -> Error {
    let begin = stream.windows(8).rposition(|bytes| bytes == b"{\"error\"").expect("no end with an error");
    let mut values = serde_json::Deserializer::from_slice(&stream[begin..]).into_iter::<serde_json::Value>();
    let end = values.next().unwrap().unwrap();
    Error::from_json(&end["error"]["micro"].to_string())
}

#[tokio::test]
async fn what_is_cancelled_is_told() {
    let app = App::new();
    let options = options();
    let cancel = options.cancel.clone();
    let mut server = Server::with(options, &app).await;
    let mut call = Raw::to(server.address).await;
    call.send(json("/Test/Wait", "")).await;
    let mut go_micro = Raw::to(server.address).await;
    let headers = "Content-Type: application/json\r\nMicro-Service: greeter\r\nMicro-Endpoint: Test.Wait\r\n";
    go_micro.send(post("/", headers, "")).await;
    let mut half = Raw::to(server.address).await;
    half.send(json("/Test/Wait", "\"half\"").trim_end_matches("f\"")).await;
    let mut two = Two::to(server.address).await;
    let mut calls = two.calls.clone();
    let waiting = tokio::spawn(async move {
        calls.send_request(two::post("/Test/Wait", "application/json", whole(""))).await.unwrap()
    });
    let (sender, body) = piecemeal();
    sender.send(sealed("1")).await.unwrap();
    let hangs = two.send(two::post("/Test/Echo", STREAM, body)).await.unwrap();
    let flood = two.send(two::post("/Test/Flood", STREAM, whole(""))).await.unwrap();
    let flood = tokio::spawn(flood.into_body().collect());
    app.until_running(5).await;

    server.stop.fire();
    sleep(Duration::from_millis(500)).await;
    assert!(app.running() == 5 && !server.serving.is_finished(), "the stop alone ended something");
    cancel.fire();
    app.until_running(0).await;
    for raw in [&mut call, &mut go_micro, &mut half] {
        let said = raw.answer().await;
        told(&said.error());
        assert_eq!(said.header("connection"), Some("close"));
        assert!(raw.rest().await.is_empty());
    }
    let said = timeout(LONG, waiting).await.unwrap().unwrap();
    assert_eq!(said.status(), 503);
    told(&Error::from_json(
        std::str::from_utf8(&said.into_body().collect().await.unwrap().to_bytes()).unwrap(),
    ));
    let hangs = timeout(LONG, hangs.into_body().collect()).await.unwrap().unwrap().to_bytes();
    told(&ending(&hangs));
    told(&ending(&timeout(LONG, flood).await.unwrap().unwrap().unwrap().to_bytes()));
    server.ended().await;
    drop(sender);
}

#[tokio::test]
async fn a_streamed_answer_over_http1_is_told_too() {
    let app = App::new();
    let options = options();
    let cancel = options.cancel.clone();
    let mut server = Server::with(options, &app).await;
    let mut raw = Raw::to(server.address).await;
    let headers = format!("Content-Type: application/json\r\nAccept: {STREAM}\r\n");
    raw.send(post("/Test/Flood", &headers, "")).await;
    app.until_running(1).await;
    server.stop.fire();
    cancel.fire();
    told(&ending(&raw.rest().await));
    app.until_running(0).await;
    server.ended().await;
}

/// Whoever has sent a request on a connection that was just being closed could not know whether it was read.
#[tokio::test]
async fn requests_on_their_way_at_the_stop_are_answered() {
    let mut server = Server::start().await;
    let mut rested = Raw::to(server.address).await;
    rested.send(json("/Greeter/Hello", "{}")).await;
    assert_eq!(rested.answer().await.header("connection"), None);
    let mut new = Raw::to(server.address).await;
    server.stop.fire();
    sleep(Duration::from_millis(100)).await;
    for raw in [&mut rested, &mut new] {
        raw.send(json("/Greeter/Hello", "{}")).await;
        let said = raw.answer().await;
        assert_eq!((said.status(), said.header("connection")), (200, Some("close")));
        assert!(raw.rest().await.is_empty());
    }
    server.ended().await;
}

/// One call after the other, each on a connection of its own, until there is nobody to connect to. Returns how many
/// connections were made and not answered.
async fn callers(address: SocketAddr, over: Arc<AtomicBool>) -> usize {
    let request = json("/Greeter/Hello", "{}");
    while !over.load(Ordering::Relaxed) {
        let Ok(mut socket) = TcpStream::connect(address).await else { return 0 };
        let mut first = [0; 12];
        let answered = socket.write_all(request.as_bytes()).await.is_ok()
            && socket.read_exact(&mut first).await.is_ok()
            && &first == b"HTTP/1.1 200";
        if !answered {
            return 1;
        }
    }
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_being_made_are_answered() {
    let rounds = std::env::var("MICRO_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(10);
    let mut lost = 0;
    for _ in 0..rounds {
        let mut server = Server::start().await;
        let over = Arc::new(AtomicBool::new(false));
        let mut calling = JoinSet::new();
        for _ in 0..16 {
            calling.spawn(callers(server.address, over.clone()));
        }
        sleep(Duration::from_millis(50)).await;
        server.stop.fire();
        server.ended().await;
        over.store(true, Ordering::Relaxed);
        lost += calling.join_all().await.into_iter().sum::<usize>();
    }
    assert_eq!(lost, 0, "of {rounds} stops");
}
