//! The addresses of this machine.

mod routes;

use std::net::IpAddr;

use micro_core::{Code, Error, Result};

/// One address of this machine, with what is known about its interface. An interface with several addresses is there
/// several times.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// What the system calls the interface: `eth0`.
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// Whether the interface is up.
    pub up: bool,
    /// Whether it has one peer only, as tunnels have.
    pub point_to_point: bool,
    /// The metric of its default route for this kind of address (IPv4 or IPv6), if it has one. The lowest wins.
    pub default_route: Option<u32>,
}

/// The addresses of this machine, in the system's order.
///
/// # Errors
/// [`Code::Unavailable`] when the system does not tell.
pub fn interfaces() -> Result<Vec<Interface>> {
    let found = if_addrs::get_if_addrs().map_err(|error| {
        Error::new(Code::Unavailable, format!("cannot read the network interfaces: {error}"))
    })?;
    let routes = routes::defaults();
    Ok(found
        .into_iter()
        .map(|found| {
            let address = found.ip();
            let mut interface = Interface::new(&found.name, address);
            interface.up = found.is_oper_up();
            interface.point_to_point = found.is_p2p();
            interface.default_route =
                routes.iter().filter(|route| route.leads_over(&interface)).map(|route| route.metric).min();
            interface
        })
        .collect())
}

/// How the names of interfaces begin that lead to containers and virtual machines on this machine only. A number
/// follows some of them, a hyphen or a random name the others, so `bridge0` of a Mac or a `br0` that an administrator
/// made for the whole machine are not among them.
const INTERNAL: [&str; 9] = ["docker", "br-", "veth", "virbr", "vnet", "vmnet", "lxcbr", "lxdbr", "cni"];

/// How the names of tunnels begin.
const TUNNELS: [&str; 5] = ["tun", "tap", "utun", "wg", "ppp"];

impl Interface {
    /// An interface that is up and has no default route.
    #[must_use]
    pub fn new(name: impl Into<String>, address: IpAddr) -> Self {
        Self { name: name.into(), address, up: true, point_to_point: false, default_route: None }
    }

    /// Whether this is a loopback address.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.address.is_loopback()
    }

    /// Whether the address means something on one wire only (`169.254.0.0/16`, `fe80::/10`).
    #[must_use]
    pub const fn is_link_local(&self) -> bool {
        match self.address {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        }
    }

    /// Whether it leads to containers and virtual machines of this machine only, by its name: `docker0`, `br-5f3e`.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        INTERNAL.iter().any(|start| self.name.starts_with(start))
    }

    /// Whether it is a tunnel, by its name or its kind.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        self.point_to_point || TUNNELS.iter().any(|start| self.name.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_name() {
        let kind = |name: &str| {
            let interface = Interface::new(name, IpAddr::from([10, 0, 0, 1]));
            (interface.is_internal(), interface.is_tunnel())
        };
        for name in ["docker0", "docker_gwbridge", "br-5f3e1c", "veth12ab", "virbr0", "vmnet8", "cni0"] {
            assert_eq!(kind(name), (true, false), "{name}");
        }
        for name in ["tun0", "utun3", "wg0", "tap1"] {
            assert_eq!(kind(name), (false, true), "{name}");
        }
        for name in ["eth0", "enp3s0", "wlan0", "br0", "bridge0", "en0", "lo", "Ethernet"] {
            assert_eq!(kind(name), (false, false), "{name}");
        }
    }

    #[test]
    fn link_local_addresses() {
        let link_local = |ip: &str| Interface::new("eth0", ip.parse().unwrap()).is_link_local();
        assert!(link_local("169.254.3.4") && link_local("fe80::1") && link_local("febf::1"));
        assert!(!link_local("169.253.3.4") && !link_local("fd00::1") && !link_local("fec0::1"));
    }

    #[test]
    fn this_machine_has_a_loopback_address() {
        let all = interfaces().unwrap();
        assert!(all.iter().any(Interface::is_loopback), "{all:?}");
        assert!(all.iter().all(|one| one.default_route.is_none() || !one.is_loopback()), "{all:?}");
    }
}
