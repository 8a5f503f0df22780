//! Which interfaces hold a default route.

use super::Interface;

/// A default route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    over: Over,
    pub(super) metric: u32,
}

/// The interface of a route, in the words of the source that told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Over {
    /// All IPv4 (or all IPv6) addresses of the interface of that name.
    #[cfg(any(target_os = "linux", test))]
    Name { name: String, v6: bool },
    /// The interface that has this address.
    #[cfg(not(target_os = "linux"))]
    Address(std::net::IpAddr),
}

impl Route {
    pub(super) fn leads_over(&self, interface: &Interface) -> bool {
        match &self.over {
            #[cfg(any(target_os = "linux", test))]
            Over::Name { name, v6 } => *name == interface.name && *v6 == interface.address.is_ipv6(),
            #[cfg(not(target_os = "linux"))]
            Over::Address(ip) => *ip == interface.address,
        }
    }
}

/// The default routes, from the kernel's tables. Without these (no `/proc`) there are none: other addresses are taken.
#[cfg(target_os = "linux")]
pub(super) fn defaults() -> Vec<Route> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut routes = parse_v4(&read("/proc/net/route"));
    routes.extend(parse_v6(&read("/proc/net/ipv6_route")));
    routes
}

/// The default routes, asked of the system: connecting a UDP socket sends nothing, and gives it the address that would
/// be used. The addresses asked for are those of documentation (RFC 5737, RFC 3849).
#[cfg(not(target_os = "linux"))]
pub(super) fn defaults() -> Vec<Route> {
    [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
        .into_iter()
        .filter_map(|(from, to)| {
            let socket = std::net::UdpSocket::bind(from).ok()?;
            socket.connect(to).ok()?;
            let ip = socket.local_addr().ok()?.ip();
            (!ip.is_unspecified()).then_some(Route { over: Over::Address(ip), metric: 0 })
        })
        .collect()
}

/// `RTF_UP` and `RTF_REJECT` of the kernel's `route.h`.
#[cfg(any(target_os = "linux", test))]
const UP: u32 = 0x1;
#[cfg(any(target_os = "linux", test))]
const REJECT: u32 = 0x200;

/// `/proc/net/route`: `Iface Destination Gateway Flags RefCnt Use Metric Mask ..`, numbers in hex but the metric.
#[cfg(any(target_os = "linux", test))]
fn parse_v4(table: &str) -> Vec<Route> {
    table
        .lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [name, destination, _, flags, _, _, metric, mask, ..] = fields[..] else { return None };
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let everywhere = destination == "00000000" && mask == "00000000";
            (everywhere && flags & (UP | REJECT) == UP).then_some(())?;
            let over = Over::Name { name: name.to_owned(), v6: false };
            Some(Route { over, metric: metric.parse().ok()? })
        })
        .collect()
}

/// `/proc/net/ipv6_route`: `destination length source length gateway metric refcnt use flags iface`, numbers in hex.
/// Without a route the kernel lists one over `lo` that rejects.
#[cfg(any(target_os = "linux", test))]
fn parse_v6(table: &str) -> Vec<Route> {
    table
        .lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let [destination, length, _, _, _, metric, _, _, flags, name] = fields[..] else { return None };
            let flags = u32::from_str_radix(flags, 16).ok()?;
            let everywhere = length == "00" && destination.bytes().all(|digit| digit == b'0');
            (everywhere && name != "lo" && flags & (UP | REJECT) == UP).then_some(())?;
            let over = Over::Name { name: name.to_owned(), v6: true };
            Some(Route { over, metric: u32::from_str_radix(metric, 16).ok()? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(routes: &[Route]) -> Vec<(String, u32)> {
        routes
            .iter()
            .map(|route| match &route.over {
                Over::Name { name, .. } => (name.clone(), route.metric),
                #[cfg(not(target_os = "linux"))]
                Over::Address(ip) => (ip.to_string(), route.metric),
            })
            .collect()
    }

    #[test]
    fn ipv4_table() {
        let table = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t00000000\t0101A8C0\t0000\t0\t0\t1\t00000000\t0\t0\t0
eth2\t00000000\t0101A8C0\t0201\t0\t0\t1\t00000000\t0\t0\t0
tun0\t00000000\t0101A8C0\t0003\t0\t0\t1\t00000080\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
broken line\t00000000
";
        assert_eq!(routes(&parse_v4(table)), [("wlan0".to_owned(), 600), ("eth0".to_owned(), 100)]);
        assert!(parse_v4("").is_empty());
    }

    #[test]
    fn ipv6_table() {
        let zero = "0".repeat(32);
        let table = format!(
            "fd000000000000000000000000000000 40 {zero} 00 {zero} 00000100 00000001 00000000 00000001 eth0
{zero} 00 {zero} 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth0
{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo
{zero} 00 {zero} 00 {zero} 00000001 00000001 00000000 00200200 eth1
{zero} 00 short"
        );
        let found = parse_v6(&table);
        assert_eq!(routes(&found), [("eth0".to_owned(), 0x400)]);
        assert!(found[0].leads_over(&Interface::new("eth0", "fd00::5".parse().unwrap())));
        assert!(!found[0].leads_over(&Interface::new("eth0", "10.0.0.5".parse().unwrap())));
        assert!(!found[0].leads_over(&Interface::new("eth1", "fd00::5".parse().unwrap())));
    }
}
