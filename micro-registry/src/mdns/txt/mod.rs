//! The TXT record: `txtvers=1`, `rev`, `ttl`, `more`, and the record of the service as the JSON of go-micro, cut into
//! the pieces `0`, `1`, `2` .. of at most 255 bytes with their keys. A node that leaves says `gone`:
//! `1` where it was deregistered, `expired` where it was not registered again in time.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use micro_core::{Error, Result};

use super::announcement::Announcement;
use super::fingerprint::fingerprint;
use crate::{Removal, Service};

/// The bytes of a TXT record of ours. With PTR, SRV and a few addresses the packet stays below 1,300 bytes, which pass
/// every network in one piece.
pub(super) const MAX_TXT: usize = 1_100;

/// The bytes of JSON that are read. Others may have other limits than ours, but no mDNS packet is longer.
const MAX_READ: usize = 9_000;

/// The longest TTL that is believed.
const MAX_TTL: Duration = Duration::from_secs(24 * 3600);

/// The goodbye of a node that was not registered again in time.
const EXPIRED: &[u8] = b"expired";

/// What a node says in a TXT record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Here I am.
    Here(Box<Announcement>),
    /// I am leaving, and why.
    Gone(Removal),
}

/// The keys and values of a TXT record.
pub(super) type Properties = Vec<(String, Vec<u8>)>;

/// Writes an announcement; leaves out endpoints that do not fit.
///
/// # Errors
/// `InvalidArgument` when it does not fit without endpoints either.
pub(super) fn write(announcement: &Announcement) -> Result<Properties> {
    announcement.check()?;
    let record = announcement.told().record();
    let whole = properties(announcement, &record, None)?;
    if size(&whole) <= MAX_TXT {
        return Ok(whole);
    }
    let more = fingerprint(&to_json(&record.endpoints)?);
    let short = properties(announcement, &Service { endpoints: Vec::new(), ..record }, Some(more))?;
    if size(&short) <= MAX_TXT { Ok(short) } else { Err(too_long(announcement, size(&short))) }
}

/// Writes a goodbye. The revision makes it differ from every other one, as equal records are not sent twice a second.
pub(super) fn write_gone(revision: u64, why: Removal) -> Properties {
    let why: &[u8] = if why == Removal::Expired { EXPIRED } else { b"1" };
    vec![
        ("txtvers".into(), b"1".to_vec()),
        ("rev".into(), format!("{revision:x}").into_bytes()),
        ("gone".into(), why.to_vec()),
    ]
}

/// Reads what a node said.
///
/// # Errors
/// Why it is no record of ours, for a log line.
pub(super) fn read(properties: &[(&str, &[u8])]) -> Result<Said, String> {
    let total: usize = properties.iter().map(|(key, value)| key.len() + value.len()).sum();
    if total > MAX_READ {
        return Err(format!("{total} bytes"));
    }
    let properties: HashMap<&str, &[u8]> = properties.iter().copied().collect();
    let text = |key| properties.get(key).and_then(|value| std::str::from_utf8(value).ok());
    let hex = |key| text(key).and_then(|text| u64::from_str_radix(text, 16).ok());
    if text("txtvers") != Some("1") {
        return Err("its txtvers is not 1".into());
    }
    if let Some(why) = properties.get("gone") {
        let expired = *why == EXPIRED;
        return Ok(Said::Gone(if expired { Removal::Expired } else { Removal::Deregistered }));
    }
    let revision = hex("rev").ok_or("no rev")?;
    let ttl = text("ttl").and_then(|text| text.parse().ok()).ok_or("no ttl")?;
    let json: Vec<u8> = (0..)
        .map_while(|piece: usize| properties.get(piece.to_string().as_str()))
        .copied()
        .flatten()
        .copied()
        .collect();
    let mut service: Service = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    let mut nodes = std::mem::take(&mut service.nodes).into_iter();
    let (Some(node), None) = (nodes.next(), nodes.next()) else { return Err("not one node".into()) };
    let ttl = Duration::from_millis(ttl).min(MAX_TTL);
    let announcement = Announcement { service: service.into(), node, ttl, revision, more: hex("more") };
    announcement.check().map_err(|error| error.detail().to_owned())?;
    Ok(Said::Here(Box::new(announcement)))
}

/// The bytes of these properties in a TXT record: each has a length before it and an equals sign in it.
pub(super) fn size(properties: &Properties) -> usize {
    properties.iter().map(|(key, value)| key.len() + value.len() + 2).sum()
}

fn properties(announcement: &Announcement, service: &Service, more: Option<u64>) -> Result<Properties> {
    let json = to_json(service)?;
    let ttl = u64::try_from(announcement.ttl.as_millis()).unwrap_or(u64::MAX).max(1);
    let mut properties: Properties = vec![
        ("txtvers".into(), b"1".to_vec()),
        ("rev".into(), format!("{:x}", announcement.revision).into_bytes()),
        ("ttl".into(), ttl.to_string().into_bytes()),
    ];
    properties.extend(more.map(|more| ("more".to_owned(), format!("{more:x}").into_bytes())));
    // 255 bytes less the key, which has one digit in all that are sent and two in none, and the equals sign.
    properties
        .extend(json.chunks(253).enumerate().map(|(number, piece)| (number.to_string(), piece.to_vec())));
    Ok(properties)
}

fn to_json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::internal("the record of a service is no JSON").with_source(error))
}

/// Says what is too long.
fn too_long(announcement: &Announcement, size: usize) -> Error {
    let Announcement { service, node, .. } = announcement;
    let pairs = |metadata: &BTreeMap<String, String>| -> usize {
        // Quotes, a colon and a comma.
        metadata.iter().map(|(key, value)| key.len() + value.len() + 6).sum()
    };
    let mut parts = [
        ("its name".to_owned(), service.name.len()),
        ("its version".to_owned(), service.version.len()),
        (format!("the id of node `{}`", shown(&node.id)), node.id.len()),
        ("its address".to_owned(), node.address.as_str().len()),
        ("the metadata of the service".to_owned(), pairs(&service.metadata)),
        ("the metadata of the node".to_owned(), pairs(&node.metadata)),
    ];
    parts.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let parts: Vec<_> = parts.iter().take(2).map(|(part, bytes)| format!("{part} has {bytes}")).collect();
    Error::invalid_argument(format!(
        "the record of service `{}` has {size} bytes without its endpoints, and mDNS has room for {MAX_TXT}: {}",
        shown(&service.name),
        parts.join(", ")
    ))
}

/// The beginning of a name that may be too long to be shown.
fn shown(name: &str) -> String {
    if name.chars().count() <= 80 {
        return name.to_owned();
    }
    name.chars().take(80).chain("..".chars()).collect()
}

#[cfg(test)]
mod tests;
