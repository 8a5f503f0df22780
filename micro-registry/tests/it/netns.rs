//! Machines of several kinds, as network namespaces: the right address is advertised, announced, found by another
//! process, and can be connected to.
//!
//! Linux with `unshare` and `ip`, and root or unprivileged user namespaces.

use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use micro_core::Code;
use micro_net::{advertise, interfaces};
use micro_registry::{Cache, Describe, Freshness, Mdns, MdnsOptions, RegisterOptions, Registry};
use tokio::time::{sleep, timeout};

use crate::process::{Call, Process, answer, record, say};

/// A machine.
struct Machine {
    name: &'static str,
    /// What makes its network, by `ip`. Cables end in interfaces that are called `veth..`, which nobody uses.
    network: &'static [&'static str],
    /// Where the service listens.
    listens: &'static str,
    /// Which address it has to advertise, and why.
    advertises: (&'static str, &'static str),
    /// Where mDNS has to look.
    place: &'static str,
}

const MACHINES: [Machine; 5] = [
    Machine {
        name: "loopback",
        network: &[],
        listens: "0.0.0.0:0",
        advertises: ("127.0.0.1", "there is no other interface than loopback, bridges and tunnels"),
        place: "interfaces lo",
    },
    Machine {
        name: "docker",
        network: &[
            "link add docker0 type bridge",
            "addr add 172.17.0.1/16 dev docker0",
            "link set docker0 up",
        ],
        listens: "0.0.0.0:0",
        advertises: ("127.0.0.1", "there is no other interface than loopback, bridges and tunnels"),
        place: "interfaces lo",
    },
    Machine {
        name: "ipv6",
        network: &[
            "addr del 127.0.0.1/8 dev lo",
            "link add eth0 type veth peer name veth0",
            "addr add fd00::5/64 dev eth0 nodad",
            "link set veth0 up",
            "link set eth0 up",
            "-6 route add default via fd00::1 dev eth0",
        ],
        listens: "[::]:0",
        advertises: ("[fd00::5]", "eth0 holds the default route"),
        place: "interfaces eth0",
    },
    Machine {
        name: "two",
        network: &[
            "link add eth0 type veth peer name veth0",
            "addr add 192.168.1.5/24 dev eth0",
            "link set veth0 up",
            "link set eth0 up",
            "link add eth1 type veth peer name veth1",
            "addr add 10.1.0.5/24 dev eth1",
            "link set veth1 up",
            "link set eth1 up",
            "route add default via 10.1.0.1 dev eth1",
        ],
        listens: "0.0.0.0:0",
        advertises: ("10.1.0.5", "eth1 holds the default route"),
        place: "interfaces eth0, eth1",
    },
    Machine {
        name: "without-route",
        network: &[
            "link add docker0 type bridge",
            "addr add 172.17.0.1/16 dev docker0",
            "link set docker0 up",
            "link add eth0 type veth peer name veth0",
            "addr add 169.254.3.4/16 dev eth0",
            "addr add 192.168.1.5/24 dev eth0",
            "link set veth0 up",
            "link set eth0 up",
        ],
        listens: "[::]:0",
        advertises: ("192.168.1.5", "eth0 is the first interface that is up"),
        place: "interfaces eth0",
    },
];

#[test]
fn only_loopback() {
    run("loopback");
}

#[test]
fn loopback_and_docker() {
    run("docker");
}

#[test]
fn only_ipv6() {
    run("ipv6");
}

#[test]
fn two_interfaces_one_with_the_default_route() {
    run("two");
}

#[test]
fn a_wire_without_a_route() {
    run("without-route");
}

#[test]
fn a_machine_whose_port_is_taken() {
    run("taken");
}

#[test]
fn an_interface_that_is_down_for_a_while() {
    run("outage");
}

fn run(machine: &str) {
    let mut command = Command::new("unshare");
    command.args(namespace()).arg("--").arg(std::env::current_exe().unwrap());
    let process = Process::run(command, &format!("netns {machine}"));
    assert_eq!(process.says(), "passed", "see what the process printed");
}

/// The options of `unshare` that make a network namespace here.
fn namespace() -> &'static [&'static str] {
    const AS_ROOT: [&str; 1] = ["--net"];
    const AS_USER: [&str; 3] = ["--user", "--map-root-user", "--net"];
    for options in [&AS_ROOT[..], &AS_USER] {
        let tried = Command::new("unshare").args(options).arg("true").stderr(Stdio::null()).status();
        match tried {
            Ok(status) if status.success() => return options,
            Ok(_) => {}
            Err(error) => panic!("this test needs `unshare` (package util-linux): {error}"),
        }
    }
    panic!("this test makes network namespaces: run it as root, or allow unprivileged user namespaces");
}

/// Runs in the namespace.
pub(crate) async fn inside(name: &str) {
    if name == "taken" {
        taken();
        return say("passed");
    }
    if name == "outage" {
        outage().await;
        return say("passed");
    }
    let machine = MACHINES.iter().find(|machine| machine.name == name).unwrap();
    ip("link set lo up");
    for line in machine.network {
        ip(line);
    }

    // The kernel says that a cable is plugged in a moment after it is.
    for _ in 0..500 {
        if interfaces().unwrap().iter().all(|interface| interface.up) {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    let listener = TcpListener::bind(machine.listens).unwrap();
    let told = advertise(None, &listener.local_addr().unwrap().into(), &interfaces().unwrap());
    let (address, reason) = machine.advertises;
    let port = listener.local_addr().unwrap().port();
    assert_eq!((told.address.as_str(), &*told.reason), (&*format!("{address}:{port}"), reason));

    let record = record("machine", told.address.clone(), 3);
    answer(listener, record.clone());
    let registry = Mdns::new(MdnsOptions::default()).unwrap();
    assert_eq!(registry.place(), machine.place);
    let found = async {
        loop {
            registry.register(&record, &RegisterOptions::default()).await.unwrap();
            // A network card needs a moment before it may use IPv6 (duplicate address detection).
            let said =
                tokio::task::spawn_blocking(|| Process::play("find default machine").says()).await.unwrap();
            if said == format!("{} 3", told.address) {
                return;
            }
            eprintln!("not yet: {said}");
        }
    };
    timeout(Duration::from_secs(30), found).await.expect("another process finds and calls the service");
    say("passed");
}

/// Another program has the port of mDNS, and does not share it.
fn taken() {
    ip("link set lo up");
    let _taken = UdpSocket::bind("[::]:5353").unwrap();
    let error = Mdns::new(MdnsOptions::default()).unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("port 5353"), "{error}");
}

/// Five processes, and the interface on which they find each other is down for three times their TTL. They listen on
/// loopback, so they can be reached all the time.
async fn outage() {
    const TTL: Duration = Duration::from_secs(5);
    const CABLE: [&str; 5] = [
        "link set lo up",
        "link add eth0 type veth peer name veth0",
        "addr add 192.168.1.5/24 dev eth0",
        "link set veth0 up",
        "link set eth0 up",
    ];
    CABLE.into_iter().for_each(ip);
    let names = ["one", "two", "three", "four", "five"];
    let processes = names.map(|name| Process::play(&format!("keep eth0 {name}")));
    let registry = Arc::new(Mdns::new(MdnsOptions::default().with_interfaces(["eth0"])).unwrap());
    let cache = Cache::new(registry.clone());
    for name in names {
        timeout(Duration::from_secs(30), cache.lookup(name).available()).await.expect(name).unwrap();
    }
    // Each second all are called. What was known is known all the time.
    let call = async |seconds: u64| {
        for second in 0..seconds {
            for name in names {
                let view = cache.lookup(name).current().unwrap();
                let node =
                    &view.services.first().unwrap_or_else(|| panic!("{name} after {second} s")).nodes[0];
                Call.describe(node, name).await.unwrap();
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    call(2 * TTL.as_secs()).await;
    ip("link set eth0 down");
    call(3 * TTL.as_secs()).await;
    let stale = cache.lookup("one").current().unwrap();
    assert!(stale.is_stale(), "{stale:?}");
    let error = registry.list().await.unwrap_err();
    assert_eq!(
        (error.code(), error.detail()),
        (Code::Unavailable, "none of the network interfaces is up that mDNS uses")
    );
    ip("link set eth0 up");
    let back = std::time::Instant::now();
    // The waits of a registration of 1 s are up to 1 s.
    let within = TTL + Duration::from_secs(1);
    let mut sorted = names;
    sorted.sort_unstable();
    call(within.as_secs()).await;
    assert_eq!(registry.list().await.unwrap(), sorted, "after {:?}", back.elapsed());
    // Who does not register again is gone by now: these are here.
    call(2 * TTL.as_secs()).await;
    assert_eq!(registry.list().await.unwrap(), sorted);
    // The waits of the cache are up to 10 s.
    for name in names {
        let view = cache.lookup(name).current().unwrap();
        assert!(matches!(view.freshness, Freshness::Fresh), "{name} after {:?}: {view:?}", back.elapsed());
    }
    for process in &processes {
        let why = "registry mdns (interfaces eth0): none of the network interfaces is up that mDNS uses";
        for said in ["Registered ".to_owned(), format!("Lost {why}"), "Registered ".to_owned()] {
            assert_eq!(process.says(), said);
        }
    }
}

fn ip(arguments: &str) {
    let done = Command::new("ip").args(arguments.split(' ')).output();
    let done = done.unwrap_or_else(|error| panic!("this test needs `ip` (package iproute2): {error}"));
    let why = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "ip {arguments}: {why}");
}
