use std::fmt::{self, Debug, Display, Formatter};
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use crate::{Error, Result};

/// Where something listens, in its transport's own words: `10.0.0.1:8080`, `[::1]:8080`, `db.internal:8080`, `:0`, or a
/// name without a port for transports that have no ports.
///
/// It is parsed strictly, as an address that is nearly right hangs instead of failing: a scheme (`http://`), a path,
/// spaces, and IPv6 without brackets are errors that say what to write.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Arc<str>);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument), with what is wrong and how it is written.
    pub fn new(text: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Err(Error::invalid_argument(format!("`{}` is no address: {why}", text.escape_debug())))
        };
        if text.is_empty() {
            return wrong("it is empty; write host:port");
        }
        if text.len() > 1024 {
            return wrong("it is longer than 1,024 bytes");
        }
        if text.contains("://") {
            return wrong("leave out the scheme; write host:port");
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return wrong("it has a space or a control character");
        }
        if text.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) {
            return wrong("write IPv6 in brackets, with a port: [::1]:8080");
        }
        if let Some(rest) = text.strip_prefix('[') {
            let Some((ip, port)) = rest.split_once("]:") else { return wrong("write IPv6 as [::1]:8080") };
            // A scope such as %eth0 is the machine's own word for an interface.
            let bare = ip.split('%').next().unwrap_or_default();
            if bare.parse::<std::net::Ipv6Addr>().is_err() {
                return wrong("what is in the brackets is no IPv6 address");
            }
            return if is_port(port) {
                Ok(Self(text.into()))
            } else {
                wrong("the port is no number from 0 to 65535")
            };
        }
        if text.parse::<u16>().is_ok() {
            return wrong("a port alone is written with a colon, :8080");
        }
        match text.split_once(':') {
            Some((host, port)) if host.contains('/') || port.contains('/') => {
                wrong("leave out the path; write host:port")
            }
            Some((_, port)) if !is_port(port) => {
                wrong("the port is no number from 0 to 65535, nor a range 5000-6000")
            }
            _ => Ok(Self(text.into())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is before the port, without brackets; empty for `:0`.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.rsplit_once(':').map_or(&*self.0, |(host, _)| host);
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// The port, or the first one of a range; `None` for an address without one.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.ports().map(|range| *range.start())
    }

    /// The range of ports `5000-6000`, or the one port.
    #[must_use]
    pub fn ports(&self) -> Option<std::ops::RangeInclusive<u16>> {
        let (_, ports) = self.0.rsplit_once(':')?;
        match ports.split_once('-') {
            Some((first, last)) => Some(first.parse().ok()?..=last.parse().ok()?),
            None => ports.parse().ok().map(|port| port..=port),
        }
    }

    /// The address of a socket, if this is an IP address and a port.
    #[must_use]
    pub fn socket(&self) -> Option<SocketAddr> {
        self.0.parse().ok()
    }

    /// The same host with another port.
    #[must_use]
    pub fn with_port(&self, port: u16) -> Self {
        let host = self.host();
        Self(if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }.into())
    }
}

fn is_port(text: &str) -> bool {
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten()
    };
    match text.split_once('-') {
        Some((first, last)) => {
            matches!((number(first), number(last)), (Some(first), Some(last)) if first <= last)
        }
        None => number(text).is_some(),
    }
}

// === impl Address ===

impl From<SocketAddr> for Address {
    fn from(socket: SocketAddr) -> Self {
        Self(socket.to_string().into())
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Debug for Address {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_address() {
        for (text, host, port) in [
            ("10.0.0.1:80", "10.0.0.1", Some(80)),
            ("[::1]:8080", "::1", Some(8080)),
            ("[fe80::1%eth0]:1", "fe80::1%eth0", Some(1)),
            (":0", "", Some(0)),
            ("db.internal:5000-6000", "db.internal", Some(5000)),
            ("inbox-7", "inbox-7", None),
        ] {
            let address = Address::new(text).unwrap();
            assert_eq!((address.host(), address.port()), (host, port), "{text}");
        }
        assert_eq!(Address::new("[::1]:80").unwrap().with_port(9).as_str(), "[::1]:9");
        assert_eq!(Address::new(":5-7").unwrap().ports(), Some(5..=7));
    }

    #[test]
    fn what_is_not_says_why() {
        for (text, why) in [
            ("", "empty"),
            ("http://a:1", "scheme"),
            ("a:1/x", "path"),
            ("::1", "brackets"),
            ("[[fd55::1]]:1", "IPv6"),
            ("[::1]", "[::1]:8080"),
            ("a b:1", "space"),
            ("a:", "port"),
            ("a:+1", "port"),
            ("a:70000", "port"),
            ("a:7-6", "range"),
            ("8080", "colon"),
        ] {
            let error = Address::new(text).unwrap_err();
            assert!(error.detail().contains(why), "{text}: {error}");
        }
    }
}
