//! Signals, to processes of their own, over real sockets.

use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use micro::registry::{Memory, Node, RegisterOptions, Registry, Service as Record};
use micro::{Client, Code, Error, Receiver, Result, Sender, Service, Settings, defaults};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::echo::Echo;
use super::process::{Process, say};
use super::stop::{Endless, Fault, Unsteady};

/// More than anything here takes, on any machine.
const LONG: Duration = Duration::from_secs(30);
/// Long enough for two signals not to be taken for one.
const APART: Duration = Duration::from_millis(700);

// === the processes ===

/// What a process runs: a service that says where it listens, and how far it has come.
pub(crate) async fn part(part: &str) -> Result<()> {
    let hangs = || async {
        say("in");
        pending().await
    };
    let says = |what: &'static str| {
        move || {
            say(what);
            std::future::ready(Ok(()))
        }
    };
    let mut registry = Unsteady::default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    say(listener.local_addr().unwrap());
    let echo = Echo::default();
    let (seen, calls) = (echo.seen.clone(), if part == "short drain" { 200 } else { 1 });
    tokio::spawn(async move {
        seen.running(calls).await;
        say("running");
    });
    let service = Service::new("echo").handle(echo).handle(Endless).settings(Settings::empty());
    let service = service.listener(listener).lame_duck(Duration::from_millis(200));
    let service = match part {
        "before start" => service.before_start(hangs).after_stop(says("after stop")),
        "after start" => service.after_start(hangs).after_stop(says("after stop")),
        "register" => {
            registry.register = Fault::Hangs;
            service.after_start(says("in")).after_stop(says("after stop"))
        }
        "before stop" => service.after_start(says("ready")).before_stop(hangs),
        "deregister" => {
            registry.deregister = Fault::Hangs;
            service.after_start(says("ready")).before_stop(says("in"))
        }
        "lame duck" => service.after_start(says("ready")).before_stop(says("in")).lame_duck(LONG),
        "drain" => service.after_start(says("ready")).before_stop(says("in")),
        "after stop" => service.after_start(says("ready")).after_stop(hangs),
        "short drain" => service.after_start(says("ready")).drain(DRAIN),
        _ => return Err(Error::invalid_argument(part.to_owned())),
    };
    service.registry(Arc::new(registry)).run().await
}

// === the order of signals ===

#[test]
fn a_signal_during_the_start_is_a_stop() {
    for (part, after) in
        [("before start", None), ("after start", Some("after stop")), ("register", Some("after stop"))]
    {
        for signal in ["TERM", "INT"] {
            let mut process = Process::play(part);
            process.until("in");
            process.signal(signal);
            if let Some(line) = after {
                assert_eq!(process.says(), line);
            }
            assert_eq!(process.ended().code(), Some(0), "{signal} in {part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_at_once_in_every_phase() {
    for part in ["before stop", "deregister", "lame duck", "drain", "after stop"] {
        let mut process = Process::play(part);
        let address = process.says();
        process.until("ready");
        let client = client(address.parse().unwrap(), Protocol::Http2).await;
        let hangs = tokio::spawn(async move { client.call::<_, ()>(("echo", "Echo.Hang"), ()).await });
        if part == "drain" {
            // What is running is not waited for.
            process.until("running");
        } else {
            hangs.abort();
        }
        process.signal("TERM");
        if part != "drain" {
            process.until("in");
        }
        tokio::time::sleep(APART).await;
        assert!(!process.has_ended(), "{part}: it was to hang");
        let began = Instant::now();
        process.signal("TERM");
        // The code says that it did not stop in order; the shortest limit that it could have waited for is 2 s.
        assert_eq!(process.ended().code(), Some(1), "{part}");
        assert!(began.elapsed() < Duration::from_secs(2), "{part}: {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_signals_in_a_row_are_one() {
    let mut process = Process::play("drain");
    let address = process.says();
    process.until("ready");
    let client = client(address.parse().unwrap(), Protocol::Http2).await;
    let slow =
        tokio::spawn(async move { client.call::<_, String>(("echo", "Echo.Slow"), "1500".to_owned()).await });
    process.until("running");
    for signal in ["TERM", "INT", "TERM"] {
        process.signal(signal);
    }
    assert_eq!(slow.await.unwrap().unwrap(), "1500");
    assert_eq!(process.ended().code(), Some(0));
}

// === what runs when the signal comes ===

/// The drain limit of the process `short drain`.
const DRAIN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Protocol {
    Http1,
    Http2,
}

/// A client that knows the service at that address.
async fn client(address: SocketAddr, protocol: Protocol) -> Client {
    let registry = Memory::new();
    let mut node = Node::new("echo-1", address.into());
    if protocol == Protocol::Http2 {
        node.metadata.insert("micro".into(), "h2".into());
    }
    let record = Record::new("echo", "latest").with_node(node);
    registry.register(&record, &RegisterOptions::new(LONG * 10)).await.unwrap();
    let service = Service::new("caller").settings(Settings::empty()).registry(Arc::new(registry));
    service.dialling(|dial| dial.pool_size = 1000).build().unwrap().client()
}

/// Connections whose peers say nothing, or not enough, or do not listen.
async fn silent(address: SocketAddr) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let half_body = "POST /Echo/Say HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n\"";
    let idle = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    for begins in ["", "P", "POST /Echo/Say HTT", half_body, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", idle] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(begins.as_bytes()).await.unwrap();
        if begins == idle {
            let mut answer = [0; 12];
            socket.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
        }
        connections.spawn(async move {
            let _socket = socket;
            pending::<()>().await;
        });
    }
    // One that does not read: what it asks for is far more than the sockets hold.
    let mut socket = TcpStream::connect(address).await.unwrap();
    connections.spawn(async move {
        let text = format!("\"{}\"", "a".repeat(3 << 20));
        let head = format!(
            "POST /Echo/Say HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        for _ in 0..50 {
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.write_all(text.as_bytes()).await;
        }
        pending::<()>().await;
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    connections
}

/// Calls that take `milliseconds`, all sent.
fn slow(client: &Client, count: usize, milliseconds: u32) -> JoinSet<Result<String>> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        calls.spawn(async move {
            client.call::<_, String>(("echo", "Echo.Slow"), milliseconds.to_string()).await
        });
    }
    calls
}

fn told<T: std::fmt::Debug>(result: Result<T>) {
    let error = result.unwrap_err();
    assert_eq!(
        (error.code(), error.reason(), error.reached()),
        (Code::Unavailable, "STOPPING", true),
        "{error}"
    );
}

async fn ended(mut process: Process) -> (Option<i32>, Instant) {
    tokio::task::spawn_blocking(move || (process.ended().code(), Instant::now())).await.unwrap()
}

/// 200 slow calls and 20 streams, which all come to their end; nobody silent holds it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_in_time_is_answered() -> Result<()> {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let process = Process::play("short drain");
        let address = process.says().parse().unwrap();
        process.until("ready");
        let client = client(address, protocol).await;
        let silent = silent(address).await;
        let calls = slow(&client, 200, 2500);
        let mut streams = JoinSet::new();
        for _ in 0..if protocol == Protocol::Http2 { 20 } else { 0 } {
            let mut stream: Receiver<String> = client.server_stream(("echo", "Endless.Polite"), ()).await?;
            streams.spawn(async move { (stream.next().await, stream.next().await, stream.next().await) });
        }
        process.until("running");
        let began = Instant::now();
        process.signal("TERM");
        for answer in calls.join_all().await {
            assert_eq!(answer?, "2500");
        }
        for (first, second, end) in streams.join_all().await {
            assert_eq!(
                (first?.as_deref(), second?.as_deref(), end?),
                (Some("begun"), Some("go elsewhere"), None)
            );
        }
        let (code, when) = ended(process).await;
        assert_eq!(code, Some(0), "{protocol:?}");
        let limits = DRAIN + defaults::CANCEL + defaults::CLOSE;
        assert!(when - began < limits + Duration::from_secs(2), "{protocol:?}: {:?}", when - began);
        drop(silent);
    }
    Ok(())
}

/// 200 slow calls and 20 streams, none of which ends by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_in_time_is_told() -> Result<()> {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let process = Process::play("short drain");
        let address = process.says().parse().unwrap();
        process.until("ready");
        let client = client(address, protocol).await;
        let silent = silent(address).await;
        let calls = slow(&client, 200, 60_000);
        let (mut streams, mut held) = (JoinSet::new(), Vec::new());
        for number in 0..if protocol == Protocol::Http2 { 20 } else { 0 } {
            let mut stream: Receiver<String> = match number % 3 {
                0 => client.server_stream(("echo", "Endless.Hang"), ()).await?,
                1 => client.server_stream(("echo", "Endless.Flood"), ()).await?,
                _ => {
                    let (mut sender, receiver): (Sender<String>, _) =
                        client.bidirectional(("echo", "Echo.Repeat"));
                    sender.send("one".to_owned()).await?;
                    held.push(sender);
                    receiver
                }
            };
            streams.spawn(async move {
                while stream.next().await?.is_some() {}
                Ok(())
            });
        }
        process.until("running");
        let began = Instant::now();
        process.signal("TERM");
        calls.join_all().await.into_iter().for_each(told);
        streams.join_all().await.into_iter().for_each(told);
        let (code, when) = ended(process).await;
        assert_eq!(code, Some(0), "{protocol:?}");
        let took = when - began;
        let limits = DRAIN + defaults::CANCEL + defaults::CLOSE;
        assert!(took > DRAIN && took < limits + Duration::from_secs(2), "{protocol:?}: {took:?}");
        drop((silent, held));
    }
    Ok(())
}
