//! Reads text as everything that is text on the wire.
#![no_main]

use libfuzzer_sys::fuzz_target;
use micro::registry::Service;
use micro::{Address, Error, Key, TraceContext};

fuzz_target!(|text: &str| {
    let error = Error::from_json(text);
    let again = Error::from_json(&error.to_json());
    assert_eq!((again.code(), again.http(), again.reached()), (error.code(), error.http(), error.reached()));
    assert_eq!((again.detail(), again.id()), (error.detail(), error.id()));

    if let Ok(address) = Address::new(text) {
        let _ = (address.host(), address.ports(), address.socket());
        assert!(Address::new(address.as_str()).is_ok());
    }
    if let Ok(key) = Key::new(text) {
        assert_eq!(Key::new(key.as_str()).unwrap(), key);
    }
    if let Some(trace) = TraceContext::parse(text) {
        assert_eq!(TraceContext::parse(&trace.to_string()), Some(trace));
    }
    if let Ok(service) = serde_json::from_str::<Service>(text) {
        let written = serde_json::to_string(&service).unwrap();
        assert_eq!(serde_json::from_str::<Service>(&written).unwrap(), service);
    }
});
