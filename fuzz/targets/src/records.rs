use micro::registry::Service;
use micro::{Json, Message};

/// What nodes say of themselves: the bytes as the TXT record of an mDNS announcement, and in each format as the answer of
/// `Debug.Describe`.
pub fn records(bytes: &[u8]) {
    txt(bytes);
    for format in micro::formats().iter().filter(|format| Json::<Service>::speaks(*format)) {
        let Ok(Json(service)) = Json::<Service>::decode(format, bytes.to_vec().into()) else { continue };
        let written = Json(service.clone()).to_bytes(format).expect("what was read can be written");
        assert_eq!(Json::<Service>::decode(format, written).expect("and read again").0, service, "{format}");
    }
}

fn txt(bytes: &[u8]) {
    let properties = strings(bytes);
    let Ok((said, written)) = micro_registry::fuzzing::txt(&properties) else { return };
    let Some(written) = written else { return };
    let borrowed: Vec<_> = written.iter().map(|(key, value)| (key.as_str(), value.as_slice())).collect();
    let (again, _) = micro_registry::fuzzing::txt(&borrowed).expect("what we write we read");
    let is_short = |said: &str| said.contains("more: Some(");
    // Endpoints that do not fit are left out, and the record says so.
    if is_short(&said) == is_short(&again) {
        assert_eq!(again, said);
    }
}

/// The strings of a TXT record: each a length, a key, an equals sign and a value.
fn strings(mut bytes: &[u8]) -> Vec<(&str, &[u8])> {
    let mut properties = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        bytes = rest;
        let equals = string.iter().position(|byte| *byte == b'=').unwrap_or(string.len());
        let (key, value) = string.split_at(equals);
        if let Ok(key) = std::str::from_utf8(key) {
            properties.push((key, value.get(1..).unwrap_or_default()));
        }
    }
    properties
}
