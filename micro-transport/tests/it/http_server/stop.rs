//! The end of a server, of connections, and of those who wait.

use std::time::{Duration, Instant};

use http::StatusCode;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::app::App;
use super::raw::{Raw, ask, json};
use super::two::{self, Two, piecemeal, sealed, whole};
use super::{LONG, Server, options};

#[tokio::test]
async fn what_runs_is_answered_and_the_connection_is_closed() {
    let app = App::new();
    let mut server = Server::with(options(), &app).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Wait", "")).await;
    let mut two = Two::to(server.address).await;
    let mut calls = two.calls.clone();
    let waiting = tokio::spawn(async move {
        calls.send_request(two::post("/Test/Wait", "application/json", whole(""))).await.unwrap()
    });
    let (sender, body) = piecemeal();
    sender.send(sealed("1")).await.unwrap();
    let stream = two.send(two::post("/Test/Echo", "application/connect+json", body)).await.unwrap();
    app.until_running(3).await;

    server.stop.fire();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(app.running(), 3, "a call was ended by the stop");
    assert!(TcpStream::connect(server.address).await.is_err(), "it still accepts");
    // Told to go away, a client makes no new calls here.
    let new = two::post("/Greeter/Hello", "application/json", whole("{}"));
    assert!(timeout(LONG, two.calls.send_request(new)).await.unwrap().is_err());

    app.go.notify_waiters();
    let said = raw.answer().await;
    assert_eq!((said.status(), said.body(), said.header("connection")), (200, "\"waited\"", Some("close")));
    assert!(raw.rest().await.is_empty());
    assert_eq!(timeout(LONG, waiting).await.unwrap().unwrap().status(), StatusCode::OK);
    assert!(!server.serving.is_finished(), "a stream runs, and it ended");
    drop(sender);
    let rest = timeout(LONG, http_body_util::BodyExt::collect(stream.into_body())).await.unwrap().unwrap();
    assert!(rest.to_bytes().ends_with(b"{}"));
    server.ended().await;
}

/// hyper's issue 4170: connections that never spoke, spoke half, or idle.
#[tokio::test]
async fn nobody_silent_holds_up_a_stop() {
    let mut server = Server::start().await;
    let mut silent = Raw::to(server.address).await;
    let mut half = Raw::to(server.address).await;
    half.send("POST /Greeter/Hello HTTP/1.1\r\nHost").await;
    let mut byte = Raw::to(server.address).await;
    byte.send("P").await;
    let mut preface = Raw::to(server.address).await;
    preface.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let mut settings = Raw::to(server.address).await;
    settings.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut idle = Raw::to(server.address).await;
    idle.send(json("/Greeter/Hello", "{}")).await;
    idle.answer().await;
    let mut two = Two::to(server.address).await;
    two.ask(two::post("/Greeter/Hello", "application/json", whole("{}"))).await;
    // The server has seen them all.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let began = Instant::now();
    server.stop.fire();
    server.ended().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for raw in [&mut silent, &mut half, &mut byte, &mut preface, &mut settings, &mut idle] {
        raw.rest().await;
    }
    timeout(LONG, two.driven).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn what_was_sent_before_the_stop_is_answered() {
    let mut server = Server::start().await;
    let mut connections = Vec::new();
    for _ in 0..50 {
        let mut raw = Raw::to(server.address).await;
        raw.send(json("/Test/Sleep", "50")).await;
        connections.push(raw);
    }
    server.stop.fire();
    for mut raw in connections {
        assert_eq!(raw.answer().await.status(), 200);
    }
    server.ended().await;
}

#[tokio::test]
async fn an_answer_is_handed_over_before_the_end() {
    let app = App::new();
    let mut server = Server::with(options(), &app).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Big", "{}")).await;
    let mut two = Two::to(server.address).await;
    let answer = two.send(two::post("/Test/Big", "application/json", whole("{}"))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.stop.fire();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(raw.answer().await.body.len(), 8 * 1024 * 1024);
    let body = timeout(LONG, http_body_util::BodyExt::collect(answer.into_body())).await.unwrap().unwrap();
    assert_eq!(body.to_bytes().len(), 8 * 1024 * 1024);
    server.ended().await;
}

#[tokio::test]
async fn dropping_it_ends_everything() {
    let app = App::new();
    let server = Server::with(options(), &app).await;
    let mut raw = Raw::to(server.address).await;
    raw.send(json("/Test/Wait", "")).await;
    let mut two = Two::to(server.address).await;
    let mut calls = two.calls.clone();
    let waiting = tokio::spawn(async move {
        calls.send_request(two::post("/Test/Wait", "application/json", whole(""))).await
    });
    let flood = two::post("/Test/Flood", "application/connect+json", whole(""));
    let answer = two.send(flood).await.unwrap();
    app.until_running(3).await;
    drop(server);
    app.until_running(0).await;
    assert!(raw.rest().await.is_empty());
    assert!(timeout(LONG, waiting).await.unwrap().unwrap().is_err());
    assert!(timeout(LONG, http_body_util::BodyExt::collect(answer.into_body())).await.unwrap().is_err());
}

#[tokio::test]
async fn a_given_socket() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let listener = micro_transport::Http::listen_on(socket, &options()).unwrap();
    assert_eq!(listener.addresses()[0].socket(), Some(address));
    let serving = tokio::spawn(listener.serve(App::new().dispatch(), micro_core::Shutdown::new()));
    assert_eq!(ask(address, json("/Greeter/Hello", "{}")).await.status(), 200);
    serving.abort();
    let outside = std::thread::spawn(|| {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        micro_transport::Http::listen_on(socket, &options()).err().unwrap()
    });
    let error = outside.join().unwrap();
    assert!(error.detail().contains("Tokio"), "{error}");
}
