use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use mdns_sd::{IfKind, IfPredicate, ServiceDaemon, ServiceInfo, TxtProperty};
use micro_core::Code;
use tokio::time::timeout;

use super::announcement::Announcement;
use super::*;
use crate::{Event, Node, Removal};

fn on_loopback() -> Mdns {
    Mdns::new(MdnsOptions::default().with_interfaces(["lo"])).unwrap()
}

fn service(name: &str) -> Service {
    let name = format!("{name}-{:016x}", fastrand::u64(..));
    let node = Node::new(format!("{name}-1"), "127.0.0.1:9".parse().unwrap());
    Service::new(name, "latest").with_node(node)
}

#[tokio::test]
async fn a_daemon_that_dies_is_replaced_and_the_search_goes_on() {
    let (here, there) = (on_loopback(), on_loopback());
    let record = service("survivor");
    let name = record.name.clone();
    let mut watch = there.watch(Some(&name)).await.unwrap();
    assert_eq!(watch.next().await.unwrap(), Event::Synced);
    for dying in [&here, &there] {
        dying.shared.daemon.kill();
        // The loop that registers for ever.
        let registered = async {
            loop {
                here.register(&record, &RegisterOptions::default()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let found = async {
            while there.get(&name).await.is_err() {}
            assert_eq!(watch.next().await.unwrap(), Event::Put(record.clone()));
        };
        tokio::select! {
            () = registered => {}
            found = timeout(Duration::from_secs(20), found) => found.expect("found again"),
        }
        here.deregister(&record).await.unwrap();
        let gone = timeout(Duration::from_secs(20), watch.next()).await.expect("gone again").unwrap();
        assert!(matches!(gone, Event::Remove { .. }), "{gone:?}");
    }
}

#[test]
fn it_lives_through_the_end_of_the_runtime_of_its_first_call() {
    let registry = on_loopback();
    let record = service("movers");
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            registry.register(&record, &RegisterOptions::new(Duration::from_millis(200))).await.unwrap();
            let mut watch = registry.watch(Some(&record.name)).await.unwrap();
            // The driver runs in this runtime: it expires the node.
            while !matches!(
                timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap(),
                Event::Remove { .. }
            ) {}
        });
    }
    let error = futures_util::FutureExt::now_or_never(registry.list()).unwrap().unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition, "{error}");
}

#[tokio::test]
async fn revisions_never_come_twice() {
    let registry = on_loopback();
    let mut revisions: Vec<_> = (0..1_000).map(|_| registry.shared.next_revision()).collect();
    assert!(revisions.is_sorted());
    revisions.dedup();
    assert_eq!(revisions.len(), 1_000);
}

/// The bytes of the packets that tell of `label`, as a stranger sees them.
fn packets(socket: &UdpSocket, label: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut packet = [0; 9_000];
    let end = Instant::now() + Duration::from_secs(3);
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        socket.set_read_timeout(Some(left)).unwrap();
        let Ok(size) = socket.recv(&mut packet) else { continue };
        if packet[..size].windows(label.len()).any(|window| window == label.as_bytes()) {
            sizes.push(size);
        }
    }
    sizes
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_record_is_one_packet_below_1300_bytes() {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.bind(&SocketAddr::from(([0, 0, 0, 0], 5353)).into()).unwrap();
    socket.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 251), &Ipv4Addr::LOCALHOST).unwrap();

    let registry = on_loopback();
    let mut record = service("large");
    let name = record.name.clone();
    let room = |record: &Service| {
        let announcement = Announcement::all(record, Duration::from_secs(90), u64::MAX).remove(0);
        txt::write(&announcement).map(|said| txt::MAX_TXT - txt::size(&said))
    };
    record.metadata.insert("notes".into(), String::new());
    let left = room(&record).unwrap();
    record.metadata.insert("notes".into(), "x".repeat(left - 20));
    assert!(room(&record).unwrap() < 30);
    registry.register(&record, &RegisterOptions::default()).await.unwrap();
    // Asked for by another, it is sent as an answer, too.
    let there = on_loopback();
    there.get(&name).await.unwrap();
    let label: String = name.chars().take(30).collect();
    let sizes = tokio::task::spawn_blocking(move || packets(&socket.into(), &label)).await.unwrap();
    assert!(sizes.iter().any(|size| *size > txt::MAX_TXT - 100), "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= 1_300), "{sizes:?}");
}

#[tokio::test]
async fn what_strangers_say_is_ignored() {
    let (here, there) = (on_loopback(), on_loopback());
    there.list().await.unwrap();
    let stranger = ServiceDaemon::new().unwrap();
    stranger.disable_interface(IfKind::Predicate(IfPredicate::new(|found| !found.is_loopback()))).unwrap();
    let record = service("honest");
    let said = txt::write(&Announcement::all(&record, Duration::from_secs(90), 1).remove(0)).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    let announce = |number: usize, said: Vec<(String, Vec<u8>)>| {
        let said: Vec<_> = said.into_iter().map(TxtProperty::from).collect();
        let (label, host) = (format!("stranger-{number}"), format!("stranger-{number}.local."));
        let mut info = ServiceInfo::new(daemon::KIND, &label, &host, "", 1, said).unwrap().enable_addr_auto();
        info.set_requires_probe(false);
        stranger.register(info).unwrap();
    };
    for number in 0..30 {
        let mut broken = said.clone();
        // One piece is missing, another is noise.
        broken.remove(random.usize(..broken.len()));
        let at = random.usize(..broken.len());
        let length = random.usize(..250);
        broken[at].1 = std::iter::repeat_with(|| random.u8(..)).take(length).collect();
        announce(number, broken);
    }
    announce(30, Vec::new());
    announce(31, txt::write_gone(3, Removal::Deregistered));
    // Packets that are no DNS at all.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..200 {
        let noise: Vec<u8> =
            std::iter::repeat_with(|| fastrand::u8(..)).take(fastrand::usize(..1_400)).collect();
        let _ = socket.send_to(&noise, "224.0.0.251:5353");
    }
    // The last one is right, and all the others have been heard when it is found.
    announce(32, said);
    let found = there.get(&record.name).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&record));
    let ours = |names: Vec<String>| names.into_iter().filter(|name| name.starts_with("honest-")).count();
    assert_eq!(ours(there.list().await.unwrap()), 1);
    // It still works, in both directions.
    let other = service("other");
    here.register(&other, &RegisterOptions::default()).await.unwrap();
    assert_eq!(there.get(&other.name).await.unwrap(), [other]);
    assert_eq!(here.get(&record.name).await.unwrap(), [record]);
    stranger.shutdown().unwrap().recv().unwrap();
}
