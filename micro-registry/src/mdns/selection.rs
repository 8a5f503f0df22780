use std::net::IpAddr;
use std::sync::Arc;

use micro_core::{Error, Result};
use micro_net::Interface;

/// Which interfaces mDNS uses.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    /// Names and addresses; none for the default.
    wanted: Arc<[String]>,
}

impl Selection {
    /// The interfaces of these names and addresses.
    ///
    /// # Errors
    /// `InvalidArgument` for one that is not `there`, or that has no multicast.
    pub(super) fn new(wanted: &[String], there: &[Interface]) -> Result<Self> {
        let wanted: Arc<[String]> =
            wanted.iter().map(|one| one.trim()).filter(|one| !one.is_empty()).map(str::to_owned).collect();
        for one in wanted.iter() {
            let mut found = there.iter().filter(|interface| is_called(one, interface)).peekable();
            if found.peek().is_none() {
                return Err(Error::invalid_argument(format!(
                    "mDNS: there is no network interface `{one}` (there are: {})",
                    names(there.iter())
                )));
            }
            if found.all(|interface| interface.point_to_point) {
                return Err(Error::invalid_argument(format!(
                    "mDNS: `{one}` has one peer only and no multicast; use another interface"
                )));
            }
        }
        Ok(Self { wanted })
    }

    /// Whether `interface` is used on a machine with all of `there`. These are asked for only where it matters.
    pub(super) fn takes(&self, interface: &Interface, there: impl FnOnce() -> Vec<Interface>) -> bool {
        if !self.wanted.is_empty() {
            return self.wanted.iter().any(|one| is_called(one, interface));
        }
        if interface.is_loopback() { !there().iter().any(leads_out) } else { leads_out(interface) }
    }

    /// Whether any interface is up that is used, on a machine with all of `there`.
    pub(super) fn is_up(&self, there: &[Interface]) -> bool {
        there.iter().any(|one| one.up && self.takes(one, || there.to_vec()))
    }

    /// The interfaces that are used, for people: `interfaces lo`.
    pub(super) fn place(&self, there: &[Interface]) -> String {
        if self.wanted.is_empty() {
            let used = there.iter().filter(|one| one.up && self.takes(one, || there.to_vec()));
            return format!("interfaces {}", names(used));
        }
        format!("interfaces {}", self.wanted.join(", "))
    }
}

fn is_called(name: &str, interface: &Interface) -> bool {
    name == interface.name
        || name.parse::<IpAddr>().is_ok_and(|ip| ip == interface.address)
        // Loopback is `lo0` and other things on other systems.
        || (name == "lo" && interface.is_loopback())
}

fn leads_out(interface: &Interface) -> bool {
    interface.up && !interface.is_loopback() && !interface.is_internal() && !interface.is_tunnel()
}

fn names<'a>(interfaces: impl Iterator<Item = &'a Interface>) -> String {
    let mut names: Vec<_> = interfaces.map(|one| one.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, ip: &str) -> Interface {
        Interface::new(name, ip.parse().unwrap())
    }

    fn used(wanted: &[&str], there: &[Interface]) -> Vec<String> {
        let wanted: Vec<_> = wanted.iter().map(|one| (*one).to_owned()).collect();
        let selection = Selection::new(&wanted, there).unwrap();
        there
            .iter()
            .filter(|one| selection.takes(one, || there.to_vec()))
            .map(|one| format!("{} {}", one.name, one.address))
            .collect()
    }

    #[test]
    fn by_default_what_leads_out() {
        let lo = [interface("lo", "127.0.0.1"), interface("lo", "::1")];
        let docker = interface("docker0", "172.17.0.1");
        let tunnel = interface("tun0", "10.8.0.1");
        let wire = [interface("eth0", "10.0.0.1"), interface("eth0", "fe80::1")];
        assert_eq!(used(&[], &lo), ["lo 127.0.0.1", "lo ::1"]);
        let internal = [&lo[..], &[docker.clone(), tunnel.clone()]].concat();
        assert_eq!(used(&[], &internal), ["lo 127.0.0.1", "lo ::1"]);
        let all = [&internal[..], &wire].concat();
        assert_eq!(used(&[], &all), ["eth0 10.0.0.1", "eth0 fe80::1"]);
        assert_eq!(Selection::new(&[], &all).unwrap().place(&all), "interfaces eth0");
        assert_eq!(Selection::new(&[], &all).unwrap().place(&internal), "interfaces lo");
    }

    #[test]
    fn it_is_up_when_one_interface_is() {
        let mut all =
            [interface("lo", "127.0.0.1"), interface("eth0", "10.0.0.1"), interface("eth1", "10.1.0.1")];
        let selection = Selection::new(&["eth0".into(), "eth1".into()], &all).unwrap();
        assert!(selection.is_up(&all));
        all[1].up = false;
        assert!(selection.is_up(&all));
        all[2].up = false;
        assert!(!selection.is_up(&all) && !selection.is_up(&[]));
        // Without a choice loopback takes over where nothing else leads out.
        assert!(Selection::new(&[], &all).unwrap().is_up(&all));
    }

    #[test]
    fn what_is_named_and_nothing_else() {
        let all = [
            interface("lo0", "127.0.0.1"),
            interface("docker0", "172.17.0.1"),
            interface("eth0", "10.0.0.1"),
            interface("eth0", "fd00::1"),
        ];
        assert_eq!(used(&["lo"], &all), ["lo0 127.0.0.1"]);
        assert_eq!(
            used(&["docker0", " eth0 "], &all),
            ["docker0 172.17.0.1", "eth0 10.0.0.1", "eth0 fd00::1"]
        );
        assert_eq!(used(&["fd00:0::1"], &all), ["eth0 fd00::1"]);
        let selection = Selection::new(&["eth0".into(), "lo".into()], &all).unwrap();
        assert_eq!(selection.place(&all), "interfaces eth0, lo");
    }

    #[test]
    fn what_is_not_there_is_an_error_that_names_what_is() {
        let mut tunnel = interface("tun0", "10.8.0.1");
        tunnel.point_to_point = true;
        let all = [interface("lo", "127.0.0.1"), interface("eth0", "10.0.0.1"), tunnel];
        let error = |wanted: &str| Selection::new(&[wanted.into()], &all).unwrap_err();
        assert_eq!(error("eth7").code(), micro_core::Code::InvalidArgument);
        assert!(error("eth7").detail().ends_with("`eth7` (there are: eth0, lo, tun0)"), "{}", error("eth7"));
        assert!(error("10.0.0.9").detail().contains("10.0.0.9"));
        assert!(error("tun0").detail().contains("no multicast"));
    }
}
