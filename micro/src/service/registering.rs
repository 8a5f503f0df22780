//! What a service says of itself in its registry.

use std::collections::BTreeMap;

use micro_core::{Address, Error, Result, Router, Server};
use micro_registry::{Node, Registry, Service as Record};
use micro_transport::Transport;

use super::prepared::Identity;

/// The service with its endpoints, without nodes.
pub(super) fn record(identity: &Identity, router: &Router) -> Record {
    let mut record = Record::new(identity.name.clone(), identity.version.clone());
    let endpoints = router.endpoints();
    record.endpoints =
        endpoints.into_iter().filter(|endpoint| !endpoint.internal).map(crate::record::endpoint).collect();
    record
}

/// What every node says of how it can be called. `protocol` is what clients of go-micro look for: without it they
/// would send envelopes of an older protocol.
pub(super) fn facts(
    transport: &dyn Transport,
    registry: &dyn Registry,
    server: &dyn Server,
    speaks: &str,
) -> BTreeMap<String, String> {
    let facts = [
        ("transport", transport.name()),
        ("registry", registry.name()),
        ("server", server.name()),
        ("protocol", "mucp"),
        ("micro", speaks),
    ];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// The node as it is registered.
pub(super) fn node(
    identity: &Identity,
    facts: &BTreeMap<String, String>,
    listening: &[Address],
) -> Result<Node> {
    let bound = listening.first().ok_or_else(|| Error::internal("the server listens nowhere"))?;
    let address = advertised(identity.advertise.as_deref(), bound)?;
    let mut node = Node::new(format!("{}-{}", identity.name, identity.id), address);
    node.metadata = facts.clone();
    // The user's own win.
    node.metadata.extend(identity.metadata.clone());
    Ok(node)
}

/// The address that others are told; see [`micro_net::advertise`] for the order in which it is chosen.
fn advertised(set: Option<&str>, bound: &Address) -> Result<Address> {
    let set = set.map(|set| match set.parse::<std::net::Ipv6Addr>() {
        // A bare IPv6 address is no address with a port, but it is a host: port 0 is the one that is listened at.
        Ok(ip) => Address::new(&format!("[{ip}]:{}", bound.port().unwrap_or(0))),
        Err(_) => Address::new(set),
    });
    let set = set.transpose()?.map(|set| match (set.port(), bound.port()) {
        (Some(0), Some(port)) => set.with_port(port),
        _ => set,
    });
    let chosen = micro_net::advertise(set.as_ref(), bound, &micro_net::interfaces()?);
    tracing::debug!("advertising {}: {}", chosen.address, chosen.reason);
    Ok(chosen.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_told() {
        let bound = Address::new("0.0.0.0:8080").unwrap();
        for (set, told) in [
            ("10.0.0.1", "10.0.0.1:8080"),
            ("10.0.0.1:9", "10.0.0.1:9"),
            ("host.example:0", "host.example:8080"),
            ("fd00::1", "[fd00::1]:8080"),
            ("[fd00::1]:7", "[fd00::1]:7"),
        ] {
            assert_eq!(advertised(Some(set), &bound).unwrap().as_str(), told);
        }
        assert!(advertised(Some("http://x"), &bound).is_err());
    }
}
