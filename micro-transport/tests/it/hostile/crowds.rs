//! Connections, more than anybody needs.

use std::io::Read;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use micro_core::{Address, Body, Code, Head, Request, Route};
use micro_transport::{DialOptions, Http, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use super::alone::{self, files, floods, open_files};
use super::frames::{ENHANCE_YOUR_CALM, Ended, PREFACE, Wire, settings};
use super::siege::Siege;
use crate::http_server::options;
use crate::http_server::raw::{Raw, ask, json};

/// Says to a process that it connects to this address, so often, and waits.
const CROWD: &str = "MICRO_TEST_CROWD";
/// The connections that say nothing.
const SILENT: usize = 10_000;
/// The connections that come and go.
const FLEETING: usize = 50_000;

floods! {
    ten_thousand_that_say_nothing: options() => async |siege: &Siege| {
        // Each end has a process of its own, and these are for what else is open in it.
        let count = SILENT.min(open_files() - 500);
        if count < SILENT {
            println!("ONLY {count} CONNECTIONS AND NOT {SILENT}: the limit of open files (ulimit -Hn) is {}", open_files());
        }
        let before = files();
        let mut shell = alone::process("hostile::crowds::a_crowd_that_says_nothing");
        shell.env(CROWD, format!("{} {count}", siege.server.address)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut crowd = shell.spawn().unwrap();
        let mut said = BufReader::new(crowd.stdout.take().unwrap()).lines();
        while said.next_line().await.unwrap().expect("the crowd ended") != "all are connected" {}
        while files() < before + count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Whoever comes now is answered.
        for _ in 0..100 {
            assert_eq!(ask(siege.server.address, json("/Greeter/Hello", "{}")).await.status(), 200);
        }
        println!("{count} connections say nothing: {} KiB", alone::kilobytes("VmRSS:"));
        drop(crowd.stdin.take());
        assert!(crowd.wait().await.unwrap().success());
    };
    fifty_thousand_that_come_and_go: options() => async |siege: &Siege| {
        const AT_A_TIME: usize = 50;
        let address = siege.server.address;
        for _ in 0..FLEETING / AT_A_TIME / 10 {
            let all = (0..AT_A_TIME).map(|number| tokio::spawn(come_and_go(address, number)));
            for one in all.collect::<Vec<_>>() {
                one.await.unwrap();
            }
        }
    };
}

/// Ten connections, each of another kind, which are closed or broken off.
async fn come_and_go(address: SocketAddr, number: usize) {
    for kind in 0..10 {
        let socket = TcpSocket::new_v4().unwrap();
        // From many addresses, as one has too few ports for those that linger.
        socket.bind(format!("127.0.{}.{}:0", 1 + kind, 1 + number).parse().unwrap()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let first: &[u8] = match kind {
            0 | 1 => b"",
            2 | 3 => b"POST ",
            4 | 5 => &PREFACE[..16],
            6 => PREFACE,
            7 => b"\x16\x03",
            8 => b"\0\0\r\n\r\n",
            _ => b"POST /Test/Wait HTTP/1.1\r\nHost: a\r\n\r\n",
        };
        stream.write_all(first).await.unwrap();
        if kind % 2 == 0 {
            // It is broken off, and not closed.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
    }
}

/// Not a test by itself: the other end of those who say nothing.
#[tokio::test]
async fn a_crowd_that_says_nothing() {
    let Ok(given) = std::env::var(CROWD) else { return };
    let (address, count) = given.split_once(' ').unwrap();
    let mut all = Vec::new();
    for _ in 0..count.parse().unwrap() {
        all.push(TcpStream::connect(address).await.unwrap());
    }
    println!("\nall are connected");
    // Until the one who wanted it lets go.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Connections above their limit are told so in words that they understand; when one ends there is a place again.
#[tokio::test]
async fn one_connection_too_many() {
    let mut options = options();
    options.max_connections = 2;
    let siege = Siege::with(options).await;
    let address = siege.server.address;
    let mut silent = Raw::to(address).await;
    silent.send("POST").await;
    tokio::time::sleep(Duration::from_millis(50)).await;

    let said = ask(address, json("/Greeter/Hello", "{}")).await;
    let error = said.error();
    assert_eq!((said.status(), error.reason(), error.reached()), (503, "TOO_MANY_CONNECTIONS", false));
    assert!(error.detail().contains("max_connections") && error.code() == Code::ResourceExhausted, "{error}");
    let again = (error.retry_after(), said.header("retry-after"));
    assert_eq!(again, (Some(Duration::from_secs(1)), Some("1")));

    let mut wire = Wire::to(address).await;
    wire.send([PREFACE, &settings(&[])].concat()).await;
    match wire.gone().await {
        Ended::Goaway(ENHANCE_YOUR_CALM, words) => assert!(words.contains("max_connections"), "{words}"),
        other => panic!("{other:?}"),
    }
    let mut tls = Raw::to(address).await;
    tls.send(b"\x16\x03\x01").await;
    assert_eq!(tls.rest().await.first(), Some(&0x15));

    // Our own clients know then that nothing was done, whatever they speak.
    for protocols in [vec![], vec!["h2".to_owned()]] {
        let mut dial = DialOptions::default();
        dial.protocols = protocols;
        let error = match Http.dial(&Address::from(address), &dial).await {
            Ok(connection) => {
                let head = Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON);
                connection.dispatch(Request::new(head, Body::One("{}".into()))).await.unwrap_err()
            }
            Err(error) => error,
        };
        assert!(!error.reached(), "{:?}: {error}", dial.protocols);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)), "{:?}: {error}", dial.protocols);
    }

    drop((silent, wire, tls));
    let free = async {
        while ask(address, json("/Greeter/Hello", "{}")).await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(crate::http_server::LONG, free).await.expect("there is no place");
    siege.lift().await;
}

/// Those who are too many cost little, even when they do not go away.
#[tokio::test]
async fn a_thousand_connections_too_many() {
    let mut options = options();
    options.max_connections = 2;
    let siege = Siege::with(options).await;
    let mut all = Vec::new();
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(siege.server.address).await.unwrap();
        let _ = stream.write_all(b"P").await;
        all.push(stream);
    }
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks < 100, "{tasks} tasks");
    drop(all);
    siege.lift().await;
}
