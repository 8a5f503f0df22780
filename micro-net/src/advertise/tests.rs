use super::*;

/// `eth0 10.0.0.1 default=100 down p2p`
fn interface(text: &str) -> Interface {
    let mut words = text.split_whitespace();
    let (name, ip) = (words.next().unwrap(), words.next().unwrap());
    let mut interface = Interface::new(name, ip.parse().unwrap());
    for word in words {
        match word {
            "down" => interface.up = false,
            "p2p" => interface.point_to_point = true,
            word => {
                interface.default_route = Some(word.strip_prefix("default=").unwrap().parse().unwrap());
            }
        }
    }
    interface
}

fn advertised(setting: &str, bound: &str, interfaces: &[&str]) -> (String, String) {
    let setting = (!setting.is_empty()).then(|| Address::new(setting).unwrap());
    let interfaces: Vec<_> = interfaces.iter().map(|text| interface(text)).collect();
    let Advertised { address, reason } =
        advertise(setting.as_ref(), &Address::new(bound).unwrap(), &interfaces);
    // What is told can be read again.
    assert_eq!(Address::new(address.as_str()).unwrap(), address);
    (address.to_string(), reason)
}

fn chosen(bound: &str, interfaces: &[&str]) -> String {
    advertised("", bound, interfaces).0
}

const LO: &str = "lo 127.0.0.1";
const LO6: &str = "lo ::1";

#[test]
fn a_setting_wins() {
    let interfaces = [LO, "eth0 10.0.0.1 default=0"];
    for (setting, bound, address) in [
        ("203.0.113.9:443", "0.0.0.0:8080", "203.0.113.9:443"),
        ("203.0.113.9", "0.0.0.0:8080", "203.0.113.9:8080"),
        ("shop.internal", "127.0.0.1:8080", "shop.internal:8080"),
        ("[fd00::9]:1", "[::]:8080", "[fd00::9]:1"),
        ("169.254.1.1:1", "[::]:8080", "169.254.1.1:1"),
        (":9090", "0.0.0.0:8080", "10.0.0.1:9090"),
        (":9090", "[::1]:8080", "[::1]:9090"),
        ("inbox-7", "inbox-3", "inbox-7"),
    ] {
        assert_eq!(advertised(setting, bound, &interfaces).0, address, "{setting} at {bound}");
    }
    assert_eq!(advertised("h:1", ":0", &interfaces).1, "it is set");
    assert_eq!(advertised(":1", ":0", &interfaces).1, "eth0 holds the default route; the port is set");
}

#[test]
fn a_listener_at_one_address_is_there() {
    let interfaces = [LO, "eth0 10.0.0.1 default=0"];
    for bound in ["127.0.0.1:9090", "[::1]:9090", "172.17.0.1:80", "[fe80::1]:80", "10.0.0.1:1"] {
        assert_eq!(chosen(bound, &interfaces), bound);
    }
    assert_eq!(chosen("inbox-7", &interfaces), "inbox-7");
    assert_eq!(chosen("db.internal:80", &interfaces), "db.internal:80");
}

#[test]
fn only_loopback() {
    assert_eq!(chosen("0.0.0.0:1", &[LO]), "127.0.0.1:1");
    assert_eq!(chosen("[::]:1", &[LO6, LO]), "127.0.0.1:1");
    assert_eq!(chosen("[::]:1", &[LO6]), "[::1]:1");
    assert_eq!(chosen(":1", &[]), "127.0.0.1:1");
    assert_eq!(chosen("0.0.0.0:1", &[LO6]), "127.0.0.1:1");
}

#[test]
fn never_bridges_of_containers() {
    let bridges = [
        "docker0 172.17.0.1",
        "br-0a1b2c3d 172.18.0.1",
        "veth0a1b 169.254.9.9",
        "virbr0 192.168.122.1",
        "docker0 fd77::1",
        LO,
    ];
    assert_eq!(chosen("[::]:1", &bridges), "127.0.0.1:1");
    let mut with_wire = bridges.to_vec();
    with_wire.push("enp3s0 192.168.1.7");
    assert_eq!(chosen("[::]:1", &with_wire), "192.168.1.7:1");
    // Not even when something routes everything over one.
    assert_eq!(chosen("[::]:1", &["docker0 172.17.0.1 default=0", LO]), "127.0.0.1:1");
}

#[test]
fn never_link_local() {
    assert_eq!(
        chosen("[::]:1", &["eth0 169.254.7.7 default=0", "eth0 fe80::1 default=0", LO]),
        "127.0.0.1:1"
    );
    assert_eq!(
        chosen("[::]:1", &["eth0 fe80::1 default=0", "eth0 2001:db8::5 default=0", LO]),
        "[2001:db8::5]:1"
    );
}

#[test]
fn the_default_route_decides() {
    let two = ["eth0 192.168.1.5", "eth1 10.1.0.5 default=0", LO];
    assert_eq!(
        advertised("", "0.0.0.0:1", &two),
        ("10.1.0.5:1".into(), "eth1 holds the default route".into())
    );
    let both = ["wlan0 192.168.1.5 default=600", "eth0 192.168.1.6 default=100", LO];
    assert_eq!(chosen("0.0.0.0:1", &both), "192.168.1.6:1");
    let down = ["eth0 192.168.1.6 default=100 down", "wlan0 192.168.1.5 default=600", LO];
    assert_eq!(chosen("0.0.0.0:1", &down), "192.168.1.5:1");
    let equal = ["eth1 10.0.0.1 default=0", "eth0 10.0.0.2 default=0"];
    assert_eq!(chosen("0.0.0.0:1", &equal), "10.0.0.1:1");
}

#[test]
fn tunnels_only_with_the_default_route() {
    assert_eq!(chosen("0.0.0.0:1", &["tun0 10.8.0.2", "eth0 192.168.1.5", LO]), "192.168.1.5:1");
    assert_eq!(chosen("0.0.0.0:1", &["utun3 10.8.0.2 p2p", LO]), "127.0.0.1:1");
    assert_eq!(chosen("0.0.0.0:1", &["tun0 10.8.0.2 p2p default=50", "eth0 192.168.1.5", LO]), "10.8.0.2:1");
}

#[test]
fn ipv6_only_machines() {
    let routed = [LO6, "eth0 fe80::2", "eth0 fd00::2 default=1024"];
    assert_eq!(chosen("[::]:1", &routed), "[fd00::2]:1");
    assert_eq!(chosen(":1", &routed), "[fd00::2]:1");
    assert_eq!(chosen("[::]:1", &[LO, LO6, "eth0 fd00::2"]), "[fd00::2]:1");
    // A listener at 0.0.0.0 is not there over IPv6.
    assert_eq!(chosen("0.0.0.0:1", &[LO, "eth0 fd00::2 default=1"]), "127.0.0.1:1");
    // IPv4 first, whatever the metrics say: more callers have it.
    assert_eq!(chosen("[::]:1", &["eth0 fd00::2 default=1", "eth1 10.0.0.1 default=900"]), "10.0.0.1:1");
}

#[test]
fn an_interface_that_is_down_is_not_told() {
    assert_eq!(chosen("0.0.0.0:1", &["eth0 10.0.0.1 down", LO]), "127.0.0.1:1");
}

#[test]
fn this_machine() {
    let told = advertise(None, &Address::new("0.0.0.0:7").unwrap(), &crate::interfaces().unwrap());
    let ip = told.address.socket().unwrap().ip();
    assert!(ip.is_ipv4() && !ip.is_unspecified(), "{told:?}");
}
