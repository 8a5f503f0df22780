use micro_core::Address;

use super::*;
use crate::{Endpoint, Node, Removal, Value};

fn announcement(name: &str, endpoints: usize) -> Announcement {
    let mut service = Service::new(name, "1.2.3");
    service.metadata.insert("owner".into(), "nobody".into());
    for number in 0..endpoints {
        let mut endpoint = Endpoint::new(format!("Helloworld.Call{number}"));
        endpoint.request = Some(Value::new("Request", "Request"));
        service.endpoints.push(endpoint);
    }
    let address = Address::new("[fd00::1]:8080").unwrap();
    let node = Node::new(format!("{name}-31e55be7-ac83-4810-89c8-a6192fb3ae83"), address);
    service.nodes.push(node.with_metadata("transport", "http"));
    Announcement::all(&service, Duration::from_secs(90), 7).remove(0)
}

fn read_back(properties: &Properties) -> Result<Said, String> {
    read(&properties.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect::<Vec<_>>())
}

fn here(properties: &Properties) -> Announcement {
    match read_back(properties).unwrap() {
        Said::Here(announcement) => *announcement,
        Said::Gone(_) => panic!("gone"),
    }
}

#[test]
fn what_is_written_is_read() {
    let long = "n".repeat(80);
    for name in ["helloworld", "go.micro.srv.greeter", "größe 日本 \"quoted\"", &long] {
        let written = announcement(name, 1);
        let properties = write(&written).unwrap();
        assert!(size(&properties) <= MAX_TXT);
        assert!(properties.iter().all(|(key, value)| key.len() + value.len() < 255));
        assert_eq!(here(&properties), written, "{name}");
    }
}

#[test]
fn endpoints_that_do_not_fit_are_left_out_and_fingerprinted() {
    let written = announcement("helloworld", 300);
    let properties = write(&written).unwrap();
    assert!(size(&properties) <= MAX_TXT);
    let read = here(&properties);
    assert_eq!(read.service.endpoints, []);
    assert_eq!((&read.node, &read.service.metadata), (&written.node, &written.service.metadata));
    let more = read.more.expect("a fingerprint");
    // Other endpoints have another one.
    assert_ne!(here(&write(&announcement("helloworld", 301)).unwrap()).more, Some(more));
    assert_eq!(here(&write(&announcement("helloworld", 300)).unwrap()).more, Some(more));
}

#[test]
fn as_much_as_fits_is_sent() {
    let fits = (1..100).take_while(|n| here(&write(&announcement("a", *n)).unwrap()).more.is_none()).count();
    let size_of = |n| size(&write(&announcement("a", n)).unwrap());
    assert!(fits > 3, "{fits}");
    assert!(MAX_TXT - size_of(fits) < 150, "{fits} endpoints fit and fill {} bytes", size_of(fits));
    assert!(size_of(fits + 1) < size_of(fits));
}

#[test]
fn what_never_fits_is_refused_with_its_longest_parts() {
    let mut large = announcement("helloworld", 0);
    large.node.metadata.insert("labels".into(), "x".repeat(1_000));
    let error = write(&large).unwrap_err();
    assert_eq!(error.code(), micro_core::Code::InvalidArgument);
    let detail = error.detail();
    assert!(detail.contains("the metadata of the node has 1031"), "{detail}");
    assert!(detail.contains("room for 1100"), "{detail}");

    let name = "n".repeat(513);
    assert!(write(&announcement(&name, 0)).unwrap_err().detail().contains("the name of the service has 513"));
    for (wrong, why) in [("", "is empty"), ("a\nb", "control character")] {
        let error = write(&announcement(wrong, 0)).unwrap_err();
        assert!(error.detail().contains(why), "{error}");
    }
    let mut now = announcement("helloworld", 0);
    now.ttl = Duration::ZERO;
    assert!(write(&now).unwrap_err().detail().contains("TTL"));
}

#[test]
fn goodbyes() {
    for why in [Removal::Deregistered, Removal::Expired] {
        assert_eq!(read_back(&write_gone(8, why)).unwrap(), Said::Gone(why));
    }
    assert_ne!(write_gone(8, Removal::Expired), write_gone(9, Removal::Expired));
}

#[test]
fn what_is_no_record_is_refused() {
    let good = write(&announcement("helloworld", 1)).unwrap();
    let without = |key: &str| good.iter().filter(|(k, _)| k != key).cloned().collect::<Properties>();
    let with = |key: &str, value: &[u8]| {
        let mut changed = without(key);
        changed.push((key.to_owned(), value.to_vec()));
        changed
    };
    let two_nodes = br#"{"name":"a","nodes":[{"id":"1","address":"a:1"},{"id":"2","address":"a:1"}]}"#;
    let deep = [b"[".repeat(5_000), b"]".repeat(5)].concat();
    for (what, properties) in [
        ("nothing", Properties::new()),
        ("no version", without("txtvers")),
        ("another version", with("txtvers", b"2")),
        ("no revision", without("rev")),
        ("a revision that is no number", with("rev", b"xyz")),
        ("no ttl", without("ttl")),
        ("a negative ttl", with("ttl", b"-1")),
        ("no life", with("ttl", b"0")),
        ("no JSON", without("0")),
        ("half of the JSON", without("1")),
        ("other JSON", with("0", b"[1,2]")),
        ("no nodes", with("0", br#"{"name":"a","nodes":[]}"#)),
        ("two nodes", with("0", two_nodes)),
        ("no name", with("0", br#"{"name":"","nodes":[{"id":"1","address":"a:1"}]}"#)),
        ("a bad address", with("0", br#"{"name":"a","nodes":[{"id":"1","address":"http://a"}]}"#)),
        ("a control character", with("0", br#"{"name":"a\u0007","nodes":[{"id":"1","address":"a:1"}]}"#)),
        ("no UTF-8", with("0", &[0xff; 200])),
        ("too deep", with("0", &deep)),
        ("too long", with("zzz", &[b'x'; 9_001])),
    ] {
        assert!(read_back(&properties).is_err(), "{what} was read");
    }
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    let good = write(&announcement("helloworld", 3)).unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..5_000 {
        let mut broken = good.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..broken.len());
            let (key, value) = &mut broken[at];
            match random.u8(..4) {
                0 => value.truncate(random.usize(..=value.len())),
                1 => value.extend(std::iter::repeat_with(|| random.u8(..)).take(9)),
                2 if !value.is_empty() => {
                    let byte = random.usize(..value.len());
                    value[byte] = random.u8(..);
                }
                _ => *key = random.u8(..12).to_string(),
            }
        }
        // Whatever is read keeps to the limits.
        if let Ok(Said::Here(announcement)) = read_back(&broken) {
            announcement.check().unwrap();
            assert!(announcement.ttl <= MAX_TTL);
        }
    }
}
