use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use micro_testing::{Cut, Faults, Proxy, Seed, Way};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_secs(20);

/// A target that sends back what it gets. Its connections end with it.
struct Echo {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                    let _ = write.shutdown().await;
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn start() -> (Echo, Proxy) {
    let echo = Echo::start().await;
    let proxy = Proxy::start(echo.address).await.unwrap();
    (echo, proxy)
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Sends bytes and reads as many; how long that took.
async fn round(stream: &mut TcpStream, bytes: &[u8]) -> (Vec<u8>, Duration) {
    let start = Instant::now();
    let mut back = vec![0; bytes.len()];
    let (mut read, mut write) = stream.split();
    let both = async { tokio::try_join!(write.write_all(bytes), read.read_exact(&mut back)) };
    timeout(LIMIT, both).await.unwrap().unwrap();
    (back, start.elapsed())
}

/// That nothing comes for a while.
async fn silent(stream: &mut TcpStream) -> bool {
    timeout(200 * MS, stream.read(&mut [0; 1])).await.is_err()
}

/// How the connection ended that was cut: by the end of the stream, or an error.
async fn end(stream: &mut TcpStream) -> Result<usize, ErrorKind> {
    timeout(LIMIT, stream.read(&mut [0; 1])).await.unwrap().map_err(|error| error.kind())
}

#[tokio::test]
async fn forwards_and_counts() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|index| (index % 251) as u8).collect();
    let (back, _) = round(&mut stream, &bytes).await;
    assert!(back == bytes);
    let traffic = proxy.traffic();
    assert_eq!((traffic.connections, traffic.open, traffic.cut), (1, 1, 0));
    assert_eq!((traffic.to_target, traffic.from_target), (3_000_000, 3_000_000));
    // The end of one direction is forwarded, and the other goes on until its own.
    stream.shutdown().await.unwrap();
    assert_eq!(end(&mut stream).await, Ok(0));
    until_open(&proxy, 0).await;
}

async fn until_open(proxy: &Proxy, count: usize) {
    let end = Instant::now() + LIMIT;
    while proxy.traffic().open != count {
        assert!(Instant::now() < end, "{:?}", proxy.traffic());
        sleep(MS).await;
    }
}

#[tokio::test]
async fn delays_each_way_and_only_while_told() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    round(&mut stream, b"before").await;
    proxy.set(Faults::none().delay(Way::Both, 200 * MS, 20 * MS));
    let (_, took) = round(&mut stream, b"late").await;
    assert!(took >= 400 * MS, "{took:?}");
    proxy.set(Faults::none().delay(Way::FromTarget, 200 * MS, Duration::ZERO));
    let mut quickest = LIMIT;
    for _ in 0..3 {
        quickest = quickest.min(round(&mut stream, b"half as late").await.1);
    }
    assert!((200 * MS..400 * MS).contains(&quickest), "{quickest:?}");
    proxy.set(Faults::none());
    let mut quickest = LIMIT;
    for _ in 0..20 {
        quickest = quickest.min(round(&mut stream, b"x").await.1);
    }
    assert!(quickest < 50 * MS, "{quickest:?}");
}

#[tokio::test]
async fn what_is_late_keeps_its_order() {
    let echo = Echo::start().await;
    let proxy = Proxy::start_with(echo.address, Seed::of(5)).await.unwrap();
    proxy.set(Faults::none().delay(Way::Both, MS, 30 * MS));
    let mut stream = connect(&proxy).await;
    for number in 0..100_u8 {
        stream.write_all(&[number]).await.unwrap();
        sleep(MS).await;
    }
    let mut back = [0; 100];
    timeout(LIMIT, stream.read_exact(&mut back)).await.unwrap().unwrap();
    assert!(back.is_sorted(), "{back:?}");
}

#[tokio::test]
async fn new_faults_are_for_new_connections() {
    let (_echo, proxy) = start().await;
    let mut old = connect(&proxy).await;
    round(&mut old, b"x").await;
    proxy.set_new(Faults::none().drop(Way::Both));
    let mut new = connect(&proxy).await;
    new.write_all(b"x").await.unwrap();
    assert!(silent(&mut new).await);
    round(&mut old, b"x").await;
}

#[tokio::test]
async fn drops_and_half_opens() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    round(&mut stream, b"x").await;

    // Requests arrive, answers do not.
    proxy.set(Faults::none().drop(Way::FromTarget));
    let before = proxy.traffic();
    stream.write_all(b"lost").await.unwrap();
    assert!(silent(&mut stream).await, "and no end of the stream either");
    let after = proxy.traffic();
    assert_eq!(after.to_target - before.to_target, 4);
    assert_eq!(after.from_target, before.from_target);

    // Requests do not arrive, and the end of the stream does not.
    proxy.set(Faults::none().drop(Way::ToTarget));
    stream.write_all(b"lost too").await.unwrap();
    assert!(silent(&mut stream).await);
    assert_eq!(proxy.traffic().to_target, after.to_target);

    // What was dropped is gone; what comes now arrives.
    proxy.set(Faults::none());
    assert_eq!(round(&mut stream, b"now").await.0, b"now");
}

#[tokio::test]
async fn a_dropped_end_is_not_seen_before_it_is_forwarded() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    round(&mut stream, b"x").await;
    proxy.set(Faults::none().drop(Way::ToTarget));
    stream.shutdown().await.unwrap();
    assert!(silent(&mut stream).await, "the target would end its side");
    proxy.set(Faults::none());
    assert_eq!(end(&mut stream).await, Ok(0));
}

#[tokio::test]
async fn held_bytes_wait_and_whoever_sends_them_too() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    round(&mut stream, b"x").await;
    proxy.set(Faults::none().hold(Way::ToTarget));
    let bytes = vec![7; 64 << 20];
    let stuck = timeout(500 * MS, stream.write_all(&bytes)).await;
    assert!(stuck.is_err(), "64 MiB cannot be in the buffers");
    assert_eq!(proxy.traffic().to_target, 1);
    proxy.set(Faults::none());
    let mut back = [0; 4096];
    timeout(LIMIT, stream.read_exact(&mut back)).await.unwrap().unwrap();
    assert_eq!(back, [7; 4096], "what was held arrives");
}

#[tokio::test]
async fn throttles() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    proxy.set(Faults::none().throttle(Way::ToTarget, 100_000));
    let (_, took) = round(&mut stream, &[1; 50_000]).await;
    assert!((450 * MS..5000 * MS).contains(&took), "{took:?}");
}

#[tokio::test]
async fn corrupts_and_does_the_same_again() {
    let echo = Echo::start().await;
    let mut results = Vec::new();
    for seed in [1, 1, 2] {
        let proxy = Proxy::start_with(echo.address, Seed::of(seed)).await.unwrap();
        proxy.set(Faults::none().corrupt(Way::FromTarget, 0.01));
        let mut stream = connect(&proxy).await;
        results.push(round(&mut stream, &[0; 10_000]).await.0);
    }
    let changed = results[0].iter().filter(|byte| **byte != 0).count();
    assert!((50..200).contains(&changed), "{changed}");
    assert!(results[0] == results[1] && results[0] != results[2]);
}

#[tokio::test]
async fn cuts_at_once_and_both_sides_see_how() {
    for (cut, seen) in [(Cut::Reset, Err(ErrorKind::ConnectionReset)), (Cut::Close, Ok(0))] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
        let mut client = connect(&proxy).await;
        let (mut target, _) = listener.accept().await.unwrap();
        client.write_all(b"x").await.unwrap();
        target.read_exact(&mut [0; 1]).await.unwrap();
        assert_eq!(proxy.cut(cut), 1);
        assert_eq!(end(&mut client).await, seen);
        assert_eq!(end(&mut target).await, seen);
        until_open(&proxy, 0).await;
        assert_eq!(proxy.traffic().cut, 1);
    }
}

#[tokio::test]
async fn cuts_after_so_many_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    proxy.set(Faults::none().cut_after(1000, Cut::Close));
    let mut client = connect(&proxy).await;
    let (mut target, _) = listener.accept().await.unwrap();
    client.write_all(&[1; 999]).await.unwrap();
    target.read_exact(&mut [0; 999]).await.unwrap();
    assert!(silent(&mut target).await, "not yet");
    client.write_all(&[1; 100]).await.unwrap();
    let mut rest = Vec::new();
    timeout(LIMIT, target.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, [1], "byte 1000 and no more");
    assert_eq!(proxy.traffic().to_target, 1000);
}

#[tokio::test]
async fn cuts_at_random_instants() {
    let (_echo, proxy) = start().await;
    let mut open = connect(&proxy).await;
    round(&mut open, b"x").await;
    proxy.set(Faults::none().cut_within(50 * MS..200 * MS, Cut::Reset));
    let start = Instant::now();
    let mut ends = vec![];
    let mut streams = vec![open];
    for _ in 0..20 {
        streams.push(connect(&proxy).await);
    }
    for mut stream in streams {
        ends.push(tokio::spawn(async move {
            assert_eq!(end(&mut stream).await, Err(ErrorKind::ConnectionReset));
            start.elapsed()
        }));
    }
    let mut times = vec![];
    for end in ends {
        times.push(end.await.unwrap());
    }
    times.sort();
    assert!(times[0] >= 50 * MS, "{times:?}");
    assert!(times[20] - times[0] > 20 * MS, "not all at one instant: {times:?}");
    assert_eq!(proxy.traffic().cut, 21);
}

#[tokio::test]
async fn refuses_and_accepts_at_the_same_address() {
    let (_echo, proxy) = start().await;
    let mut open = connect(&proxy).await;
    round(&mut open, b"x").await;
    for _ in 0..3 {
        proxy.refuse().await;
        let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        round(&mut open, b"those that are open stay").await;
        // Nobody takes the port meanwhile.
        assert!(std::net::TcpListener::bind(proxy.address()).is_err());
        proxy.accept().unwrap();
        proxy.accept().unwrap();
        round(&mut connect(&proxy).await, b"x").await;
    }
}

#[tokio::test]
async fn a_target_that_is_not_there_resets_its_clients() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(nobody).await.unwrap();
    let mut stream = connect(&proxy).await;
    assert_eq!(end(&mut stream).await, Err(ErrorKind::ConnectionReset));
    until_open(&proxy, 0).await;
}

#[tokio::test]
async fn a_target_that_moved_is_found_by_new_connections() {
    let (_echo, proxy) = start().await;
    let mut open = connect(&proxy).await;
    round(&mut open, b"x").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.set_target(listener.local_addr().unwrap());
    let mut new = connect(&proxy).await;
    let (mut target, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
    target.write_all(b"y").await.unwrap();
    let mut byte = [0];
    timeout(LIMIT, new.read_exact(&mut byte)).await.unwrap().unwrap();
    assert_eq!(byte, *b"y");
    round(&mut open, b"x").await;
}

#[tokio::test]
async fn a_reset_of_one_side_is_forwarded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let mut client = connect(&proxy).await;
    let (target, _) = listener.accept().await.unwrap();
    target.set_zero_linger().unwrap();
    drop(target);
    assert_eq!(end(&mut client).await, Err(ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn dropped_it_stops_everything() {
    let (_echo, proxy) = start().await;
    let mut stream = connect(&proxy).await;
    round(&mut stream, b"x").await;
    let address = proxy.address();
    drop(proxy);
    assert!(matches!(end(&mut stream).await, Ok(0) | Err(ErrorKind::ConnectionReset)));
    let end = Instant::now() + LIMIT;
    while TcpStream::connect(address).await.is_ok() {
        assert!(Instant::now() < end);
        sleep(MS).await;
    }
}
