//! Lanes, very many of which do nothing.

use std::io::Read;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use micro_core::{Address, Body, Head, Request, Route};
use micro_transport::{Connection, DialOptions, Http, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::hostile::alone::{self, alone_within, open_files};
use crate::hostile::siege::Siege;
use crate::http_server::options;

/// Says to a process that it makes lanes to this address, so many, and calls.
const CROWD: &str = "MICRO_TEST_LANES";
/// The lanes, and how many of them are used.
const LANES: usize = 10_000;
const USED: usize = 100;
/// How many calls at a time are made on each of those, and how many one after the other.
const AT_A_TIME: usize = 8;
const TURNS: usize = 25;
/// What a lane that rests may cost its server, unoptimised and with what the test itself has of it.
const RESTING: usize = 16 << 10;
/// The same for all of them at any moment, with the load.
const MEMORY: usize = LANES * RESTING + (64 << 20);
/// The longest that a call may take, on any machine: many times what they do.
const SLOWEST: Duration = Duration::from_secs(5);

#[tokio::test]
async fn ten_thousand_of_which_a_hundred_are_used() {
    let name = concat!(module_path!(), "::ten_thousand_of_which_a_hundred_are_used");
    let crowd = async |siege: &Siege| {
        // Each end has a process of its own, and these are for what else is open in it.
        let count = LANES.min(open_files() - 500);
        if count < LANES {
            println!(
                "ONLY {count} LANES AND NOT {LANES}: the limit of open files (ulimit -Hn) is {}",
                open_files()
            );
        }
        let before = alone::kilobytes("VmRSS:") << 10;
        let mut shell = alone::process("lane::crowd::a_crowd_of_lanes");
        shell
            .env(CROWD, format!("{} {count}", siege.server.address))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut crowd = shell.spawn().unwrap();
        let mut said = BufReader::new(crowd.stdout.take().unwrap()).lines();
        let mut told = crowd.stdin.take().unwrap();
        while said.next_line().await.unwrap().expect("the crowd ended") != "all are connected" {}
        // They rest after half a second.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let resting = (alone::kilobytes("VmRSS:") << 10).saturating_sub(before) / count;
        println!("{count} lanes rest: {resting} bytes each");
        told.write_all(b"call\n").await.unwrap();
        loop {
            let line = said.next_line().await.unwrap().expect("the crowd ended");
            if line == "all are answered" {
                break;
            }
            println!("{line}");
        }
        let after = (alone::kilobytes("VmRSS:") << 10).saturating_sub(before) / count;
        println!("and {after} bytes each when all were called");
        drop(told);
        assert!(crowd.wait().await.unwrap().success());
        assert!(resting < RESTING && after < RESTING, "{resting} and {after} bytes each");
    };
    alone_within(MEMORY, name, options(), crowd).await;
}

/// Not a test by itself: the other end of all lanes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_lanes() {
    let Ok(given) = std::env::var(CROWD) else { return };
    let (address, count) = given.split_once(' ').unwrap();
    let address: SocketAddr = address.parse().unwrap();
    let dialled = stream::iter(0..count.parse().unwrap()).map(|_| async move {
        let lane = dial(address).await;
        hello(&lane).await;
        lane
    });
    let lanes: Vec<_> = dialled.buffer_unordered(50).collect().await;
    println!("\nall are connected");
    std::io::stdin().read_exact(&mut [0; 5]).unwrap();

    let calls =
        lanes[..USED].iter().flat_map(|lane| std::iter::repeat_n(lane.clone(), AT_A_TIME)).map(|lane| {
            tokio::spawn(async move {
                let mut slowest = Duration::ZERO;
                for _ in 0..TURNS {
                    slowest = slowest.max(hello(&lane).await);
                }
                slowest
            })
        });
    let slowest = join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).max().unwrap();
    println!("{} calls on {USED} of them: the slowest took {slowest:?}", USED * AT_A_TIME * TURNS);
    assert!(slowest < SLOWEST, "{slowest:?}");
    // Each of the others is there as well.
    let idle = stream::iter(&lanes[USED..]).map(hello).buffer_unordered(50);
    let slowest = idle.fold(Duration::ZERO, async |slowest, time| slowest.max(time)).await;
    println!("one on each of the others: the slowest took {slowest:?}");
    assert!(slowest < SLOWEST, "{slowest:?}");
    println!("all are answered");
    // Until the one who wanted it lets go.
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

async fn dial(address: SocketAddr) -> Arc<dyn Connection> {
    let mut options = DialOptions::default();
    options.protocols = vec!["lane/1".to_owned()];
    options.timeout = Duration::from_secs(20);
    // No other one is made where the first is slow to say that it lives.
    options.connections = 1;
    Http.dial(&Address::from(address), &options).await.unwrap()
}

/// Makes a call; says how long that took.
async fn hello(lane: &Arc<dyn Connection>) -> Duration {
    let head = Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON);
    let start = Instant::now();
    let answer = lane.dispatch(Request::new(head, Body::One(r#"{"name":"Joe"}"#.into()))).await.unwrap();
    let Body::One(message) = answer.body else { panic!("no message") };
    assert_eq!(message, r#"{"msg":"Hello Joe"}"#);
    start.elapsed()
}
