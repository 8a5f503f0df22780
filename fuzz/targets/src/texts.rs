use micro::{Address, Error, Key, TraceContext};

/// Everything that is text on the wire: errors, addresses, metadata keys, trace contexts. What could be read is written,
/// and reads as the same again.
pub fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let error = Error::from_json(text);
    let again = Error::from_json(&error.to_json());
    assert_eq!((again.code(), again.http(), again.reached()), (error.code(), error.http(), error.reached()));
    assert_eq!((again.detail(), again.id()), (error.detail(), error.id()));
    assert_eq!((again.reason(), again.domain()), (error.reason(), error.domain()));
    assert_eq!((again.metadata(), again.retry_after()), (error.metadata(), error.retry_after()));

    if let Ok(address) = Address::new(text) {
        assert_eq!(Address::new(address.as_str()).expect("it was one"), address);
        if let Some(ports) = address.ports() {
            assert_eq!(address.port(), Some(*ports.start()));
            let other = address.with_port(7);
            assert_eq!(Address::new(other.as_str()).expect("with another port").port(), Some(7));
        }
        let _ = (address.host(), address.socket());
    }
    if let Ok(key) = Key::new(text) {
        assert_eq!(Key::new(key.as_str()).expect("it was one"), key);
        assert!(key.as_str().len() <= Key::MAX);
    }
    if let Some(trace) = TraceContext::parse(text) {
        assert_eq!(TraceContext::parse(&trace.to_string()), Some(trace));
    }
}
