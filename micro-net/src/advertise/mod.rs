//! The address that a service tells others.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use micro_core::Address;

use crate::Interface;

/// The address at which others call a service, and why it is this one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advertised {
    /// The address, with a port where the transport has ports; IPv6 in brackets.
    pub address: Address,
    /// Why, for a log line: `eth0 holds the default route`.
    pub reason: String,
}

/// Chooses the address that a service which listens at `bound` tells others, out of the `interfaces` of the machine.
/// In this order:
///
/// 1. `setting`: what the operator says. Without a port it gets the port of `bound`; without a host (`:8080`) only the
///    port is taken from it.
/// 2. The address of `bound`, when that is one IP and not all of them.
/// 3. The interface that holds the default route; with several, the one of the lowest metric. IPv4 before IPv6.
/// 4. Any other interface that is up and no tunnel, in the system's order. IPv4 before IPv6.
/// 5. Loopback.
///
/// Bridges to containers and virtual machines (`docker0`, `br-..`, `veth..`, `virbr0`) and link-local addresses are
/// never chosen in 3 and 4. A listener at `0.0.0.0` cannot be called over IPv6, so it gets IPv4 addresses only; one at
/// `[::]` gets both. An address that is no IP (a transport without ports) is told as it is.
///
/// ```
/// use micro_core::Address;
/// use micro_net::{Interface, advertise};
///
/// let bound = Address::new("0.0.0.0:8080")?;
/// let interfaces = [Interface::new("docker0", [172, 17, 0, 1].into()), Interface::new("eth0", [10, 0, 0, 7].into())];
/// let advertised = advertise(None, &bound, &interfaces);
/// assert_eq!(advertised.address.as_str(), "10.0.0.7:8080");
/// assert_eq!(advertised.reason, "eth0 is the first interface that is up");
/// # Ok::<_, micro_core::Error>(())
/// ```
#[must_use]
pub fn advertise(setting: Option<&Address>, bound: &Address, interfaces: &[Interface]) -> Advertised {
    let Some(setting) = setting else { return choose(bound, interfaces) };
    match (setting.host(), setting.port()) {
        ("", Some(port)) => {
            let Advertised { address, reason } = choose(bound, interfaces);
            Advertised { address: address.with_port(port), reason: format!("{reason}; the port is set") }
        }
        (_, None) => match bound.port() {
            Some(port) => Advertised { address: setting.with_port(port), reason: "it is set".into() },
            None => Advertised { address: setting.clone(), reason: "it is set".into() },
        },
        (_, Some(_)) => Advertised { address: setting.clone(), reason: "it is set".into() },
    }
}

fn choose(bound: &Address, interfaces: &[Interface]) -> Advertised {
    // `:8080` is how people write all addresses.
    let socket = match (bound.host(), bound.port()) {
        ("", Some(port)) => Some(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))),
        _ => bound.socket(),
    };
    let Some(socket) = socket else {
        return Advertised { address: bound.clone(), reason: "the service listens there".into() };
    };
    let told = |ip: IpAddr, reason: String| Advertised {
        address: SocketAddr::new(ip, socket.port()).into(),
        reason,
    };
    if !socket.ip().is_unspecified() {
        return told(socket.ip(), "the service listens at this address only".into());
    }

    let reached = |interface: &&Interface| interface.up && (socket.is_ipv6() || interface.address.is_ipv4());
    let usable = |interface: &&Interface| {
        reached(interface)
            && !interface.is_loopback()
            && !interface.is_internal()
            && !interface.is_link_local()
    };
    // `min_by_key` takes the first of equals.
    let routed = interfaces.iter().filter(usable).filter_map(|one| Some((one, one.default_route?)));
    if let Some((one, _)) = routed.min_by_key(|(one, metric)| (one.address.is_ipv6(), *metric)) {
        return told(one.address, format!("{} holds the default route", one.name));
    }
    let other = interfaces.iter().filter(usable).filter(|one| !one.is_tunnel());
    if let Some(one) = other.min_by_key(|one| one.address.is_ipv6()) {
        return told(one.address, format!("{} is the first interface that is up", one.name));
    }
    let loopback = interfaces.iter().filter(reached).filter(|one| one.is_loopback());
    let ip = loopback.map(|one| one.address).min().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    told(ip, "there is no other interface than loopback, bridges and tunnels".into())
}

#[cfg(test)]
mod tests;
