//! Parts by name: what is known, what is not, and what the errors teach.

use std::ffi::OsString;
use std::sync::Arc;

use micro::{Plugins, Result, Service, Settings};

fn set(pairs: &[(&str, &str)]) -> Settings {
    Settings::from_vars(pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
        .unwrap()
}

fn built(pairs: &[(&str, &str)]) -> Result<micro::Prepared> {
    // Without mDNS, which would open sockets.
    let settings = set(&[("MICRO_REGISTRY", "memory"), ("MICRO_TRANSPORT", "memory")]);
    Service::new("x").settings(set(pairs).or(settings)).build()
}

#[tokio::test]
async fn known_names() {
    for (variable, names) in [
        ("MICRO_REGISTRY", &["memory"][..]),
        ("MICRO_SELECTOR", &["random", "roundrobin", "leastconn", "p2c", "hash", "default", "registry"]),
        (
            "MICRO_TRANSPORT",
            &[
                "memory",
                #[cfg(feature = "http")]
                "http",
            ],
        ),
        ("MICRO_CLIENT", &["rpc", "mucp"]),
        ("MICRO_SERVER", &["rpc", "mucp"]),
        #[cfg(feature = "json")]
        ("MICRO_CODEC", &["json", "raw"]),
    ] {
        for name in names {
            let _ = built(&[(variable, name)]).unwrap_or_else(|error| panic!("{variable}={name}: {error}"));
        }
    }
}

#[cfg(feature = "mdns")]
#[tokio::test]
async fn mdns_by_name_and_interface() {
    let prepared = built(&[("MICRO_REGISTRY", "mdns"), ("MICRO_REGISTRY_ADDRESS", "lo")]).unwrap();
    assert_eq!((prepared.registry().name(), prepared.registry().place().as_str()), ("mdns", "interfaces lo"));
    let error = built(&[("MICRO_REGISTRY", "mdns"), ("MICRO_REGISTRY_ADDRESS", "nowhere0")]).unwrap_err();
    assert!(error.detail().contains("nowhere0") && error.detail().contains("lo"), "{error}");
}

#[cfg(all(feature = "mdns", feature = "http", feature = "json"))]
#[tokio::test]
async fn unknown_names_say_which_there_are() {
    for (variable, name, text) in [
        ("MICRO_REGISTRY", "etcd", "MICRO_REGISTRY: there is no registry `etcd` (compiled in: mdns, memory)"),
        (
            "MICRO_SELECTOR",
            "nearest",
            "MICRO_SELECTOR: there is no selector `nearest` (compiled in: hash, leastconn, p2c, random, roundrobin)",
        ),
        (
            "MICRO_TRANSPORT",
            "nats",
            "MICRO_TRANSPORT: there is no transport `nats` (compiled in: http, memory)",
        ),
        ("MICRO_CLIENT", "grpc", "MICRO_CLIENT: there is no client `grpc` (compiled in: rpc)"),
        ("MICRO_SERVER", "grpc", "MICRO_SERVER: there is no server `grpc` (compiled in: rpc)"),
    ] {
        let error = built(&[(variable, name)]).unwrap_err();
        assert_eq!((error.code(), error.detail()), (micro::Code::InvalidArgument, text));
        println!("{variable}={name}: {}", error.detail());
    }
}

#[tokio::test]
async fn several_mistakes_are_told_together() {
    let error = built(&[
        ("MICRO_REGISTRY", "a"),
        ("MICRO_TRANSPORT", "b"),
        ("MICRO_SELECTOR", "c"),
        ("MICRO_CLIENT", "d"),
        ("MICRO_SERVER", "e"),
        ("MICRO_CODEC", "f"),
    ])
    .unwrap_err();
    assert!(error.detail().starts_with("6 settings are wrong: "), "{error}");
    for name in ["`a`", "`b`", "`c`", "`d`", "`e`", "`f`"] {
        assert!(error.detail().contains(name), "{name}: {error}");
    }
}

#[cfg(not(any(feature = "mdns", feature = "http")))]
#[tokio::test]
async fn what_is_not_compiled_in_names_its_feature() {
    for (variable, name, text) in [
        (
            "MICRO_REGISTRY",
            "mdns",
            "MICRO_REGISTRY: registry `mdns` is not compiled in: enable feature `mdns` of crate `micro` (compiled in: memory)",
        ),
        (
            "MICRO_TRANSPORT",
            "http",
            "MICRO_TRANSPORT: transport `http` is not compiled in: enable feature `http` of crate `micro` (compiled in: memory)",
        ),
    ] {
        let error = built(&[(variable, name)]).unwrap_err();
        assert_eq!(error.detail(), text);
        println!("{variable}={name}: {}", error.detail());
    }
    // Nothing said, and the defaults not there.
    let error = Service::new("x").settings(Settings::empty()).build().unwrap_err();
    for part in [
        "no transport is compiled in that is used unasked",
        "features: http",
        "no registry is compiled in that is used unasked",
        "features: mdns",
    ] {
        assert!(error.detail().contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn names_of_ones_own_and_code_over_names() {
    let plugins = Plugins::default().registry("mine", |_| Ok(Arc::new(micro::registry::Memory::new())));
    let settings = set(&[("MICRO_REGISTRY", "mine"), ("MICRO_TRANSPORT", "memory")]);
    let prepared = Service::new("x").plugins(plugins).settings(settings).build().unwrap();
    assert_eq!(prepared.registry().name(), "memory");

    // What the code gives is final: the name is not even looked at.
    let registry = Arc::new(micro::registry::Memory::new());
    let settings = set(&[("MICRO_REGISTRY", "nobody"), ("MICRO_TRANSPORT", "memory")]);
    let _ = Service::new("x").registry(registry).settings(settings).build().unwrap();
}
