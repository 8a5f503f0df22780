use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use micro_testing::netns::{Host, INTERFACE, Network};
use micro_testing::{Process, Signal};

const MS: Duration = Duration::from_millis(1);
const LIMIT: Duration = Duration::from_secs(20);

/// A network, where one can be made. A machine where this is not so is told; root has to be able to.
fn network() -> Option<Network> {
    match Network::new() {
        Ok(network) => Some(network),
        Err(why) => {
            assert!(!is_root(), "root can make networks: {why}");
            eprintln!("NOT RUN: {why}");
            None
        }
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// A connection from one host to another, both ends.
fn connection(from: &Host, to: &Host) -> (TcpStream, TcpStream) {
    let listener = to.enter(|| TcpListener::bind("0.0.0.0:0").unwrap()).unwrap();
    let address = SocketAddr::new(to.address().into(), listener.local_addr().unwrap().port());
    let near = from.enter(|| TcpStream::connect_timeout(&address, LIMIT).unwrap()).unwrap();
    let (far, peer) = listener.accept().unwrap();
    assert_eq!(peer.ip(), from.address());
    (near, far)
}

/// Sends a byte; whether it arrives soon.
fn arrives(from: &mut TcpStream, to: &mut TcpStream, limit: Duration) -> bool {
    from.write_all(b"x").unwrap();
    to.set_read_timeout(Some(limit)).unwrap();
    match to.read(&mut [0; 1]) {
        Ok(length) => length == 1,
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn dropped_packets_are_dropped_without_a_word_and_come_later() {
    let Some(network) = network() else { return };
    let [one, other, third] = [(); 3].map(|()| network.host().unwrap());
    let (mut near, mut far) = connection(&one, &other);
    assert!(arrives(&mut near, &mut far, LIMIT) && arrives(&mut far, &mut near, LIMIT));

    other.drop_packets().unwrap();
    other.drop_packets().unwrap();
    assert!(!arrives(&mut near, &mut far, 300 * MS), "to it");
    assert!(!arrives(&mut far, &mut near, 300 * MS), "from it");
    // New connections hang, and are not refused.
    let address = SocketAddr::new(other.address().into(), 9);
    let hangs = one.enter(|| TcpStream::connect_timeout(&address, 300 * MS)).unwrap().unwrap_err();
    assert_eq!(hangs.kind(), ErrorKind::TimedOut);
    // The others reach each other.
    let (mut near_third, mut far_third) = connection(&one, &third);
    assert!(arrives(&mut near_third, &mut far_third, LIMIT));

    other.pass_packets().unwrap();
    let refused = one.enter(|| TcpStream::connect_timeout(&address, LIMIT)).unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // TCP sends again what was dropped.
    far.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(far.read(&mut [0; 1]).unwrap(), 1);
}

#[test]
fn an_interface_goes_down_and_comes_up() {
    let Some(network) = network() else { return };
    let [one, other] = [(); 2].map(|()| network.host().unwrap());
    let (mut near, mut far) = connection(&one, &other);
    other.down().unwrap();
    assert!(!arrives(&mut near, &mut far, 300 * MS));
    let shown = other.command("ip").args(["-o", "link", "show", INTERFACE]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("state DOWN"), "{shown}");
    other.up().unwrap();
    far.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(far.read(&mut [0; 1]).unwrap(), 1);
    connection(&one, &other);
}

#[test]
fn a_network_is_apart_from_the_machine_and_from_others() {
    let Some(network) = network() else { return };
    let host = network.host().unwrap();
    let machine = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = machine.local_addr().unwrap();
    let refused = host.enter(|| TcpStream::connect(address)).unwrap().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "its loopback is its own");

    let another = Network::new().unwrap();
    let same = another.host().unwrap();
    assert_eq!(same.address(), host.address());
    let listener = same.enter(|| TcpListener::bind("0.0.0.0:4711").unwrap()).unwrap();
    let address = SocketAddr::new(same.address().into(), 4711);
    assert!(host.enter(|| TcpStream::connect(address)).unwrap().is_err());
    drop(listener);
    // The thread that asked is where it was.
    TcpStream::connect(machine.local_addr().unwrap()).unwrap();
}

#[tokio::test]
async fn a_process_on_a_host_gets_its_signals_itself() {
    let Some(network) = network() else { return };
    let host = network.host().unwrap();
    let mut command = host.command("sh");
    command.args(["-c", "echo $$ $(ip -o -4 addr show eth0); exec sleep 600"]);
    let mut process = Process::spawn(command).unwrap();
    let line = process.line(LIMIT, |line| Some(line.to_owned())).await.unwrap();
    assert!(line.starts_with(&format!("{} ", process.id().unwrap())), "{line}");
    assert!(line.contains(&host.address().to_string()), "{line}");
    process.signal(Signal::Terminate).unwrap();
    process.wait(LIMIT).await.unwrap();
}

#[test]
fn a_runtime_that_is_built_on_a_host_is_there_with_all_its_threads() {
    let Some(network) = network() else { return };
    let [one, other] = [(); 2].map(|()| network.host().unwrap());
    let listener = other.enter(|| TcpListener::bind("0.0.0.0:0").unwrap()).unwrap();
    let address = SocketAddr::new(other.address().into(), listener.local_addr().unwrap().port());
    let peer = one.enter(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let connects =
            async move { tokio::net::TcpStream::connect(address).await.unwrap().local_addr().unwrap() };
        runtime.block_on(async { tokio::spawn(connects).await.unwrap() })
    });
    assert_eq!(peer.unwrap().ip(), one.address());
}

#[test]
fn nothing_is_left_behind() {
    let Some(network) = network() else { return };
    let host = network.host().unwrap();
    let holder = host.enter(|| std::fs::read_link("/proc/thread-self/ns/net").unwrap()).unwrap();
    let ours = std::fs::read_link("/proc/self/ns/net").unwrap();
    assert_ne!(holder, ours);
    let held = || {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes.filter(|process| is_in(&process.path(), &holder)).count()
    };
    assert_eq!(held(), 1, "the process that holds it");
    drop(network);
    assert_eq!(held(), 1, "the host is still there");
    drop(host);
    assert_eq!(held(), 0);
}

fn is_in(process: &Path, namespace: &Path) -> bool {
    std::fs::read_link(process.join("ns/net")).is_ok_and(|link| link == namespace)
}
