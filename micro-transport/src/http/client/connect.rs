//! Sockets to an address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderValue, Uri};
use micro_core::{Address, Deadline, Error, Result};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use super::error;
use super::request::FormatNames;
use crate::DialOptions;
use crate::http::socket;

/// As good as for ever, and no more than clocks can hold.
pub(super) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Where calls go, and how sockets are made to there.
#[derive(Debug)]
pub(super) struct Target {
    address: Address,
    host: String,
    port: u16,
    /// The header `Host` of requests.
    authority: HeaderValue,
    /// What HTTP/2 has instead: scheme, authority and path.
    uri: Uri,
    formats: FormatNames,
    options: DialOptions,
}

impl Target {
    /// # Errors
    /// [`Code::InvalidArgument`](micro_core::Code::InvalidArgument) for an address that cannot be dialled.
    pub(super) fn new(address: &Address, options: &DialOptions) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid_argument(format!("cannot dial `{address}` over HTTP: {why}")).not_reached()
        };
        let ports = address.ports().ok_or_else(|| wrong("write host:port"))?;
        if ports.start() != ports.end() {
            return Err(wrong("a range of ports is for listening; write one"));
        }
        let port = *ports.start();
        let host = if address.host().is_empty() { "localhost" } else { address.host() };
        // The scope of an IPv6 address is this machine's own word for an interface, and nobody else's business.
        let name = host.split('%').next().unwrap_or_default();
        let authority =
            if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") };
        let uri = format!("http://{authority}/").parse().map_err(|_| wrong("this is no name of a host"))?;
        let authority = HeaderValue::try_from(authority).map_err(|_| wrong("this is no name of a host"))?;
        Ok(Self {
            address: address.clone(),
            host: host.to_owned(),
            port,
            authority,
            uri,
            formats: FormatNames::default(),
            options: options.clone(),
        })
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    pub(super) fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(super) fn formats(&self) -> &FormatNames {
        &self.formats
    }

    pub(super) fn options(&self) -> &DialOptions {
        &self.options
    }

    /// Makes a socket, until the time for that is up or that of the call it is for.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when nobody answers in that time, and
    /// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when the call's time is shorter.
    pub(super) async fn connect(&self, deadline: Option<Deadline>) -> Result<TcpStream> {
        let end = Instant::now() + self.options.timeout.min(YEAR);
        let sooner = deadline.map(|deadline| Instant::from_std(deadline.instant())).filter(|at| *at < end);
        match timeout_at(sooner.unwrap_or(end), self.try_all(end)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(cause)) => Err(error::not_connected(&self.address, cause)),
            Err(_) if sooner.is_some() => {
                Err(Deadline::error(&format!("connecting to {}", self.address)).not_reached())
            }
            Err(_) => Err(self.too_slow()),
        }
    }

    fn too_slow(&self) -> Error {
        let timeout: Duration = self.options.timeout;
        error::not_connected(
            &self.address,
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {timeout:?}")),
        )
    }

    /// Tries the host's addresses one after the other, each with its share of the time that is left, so that one that
    /// swallows packets does not hide another that answers.
    async fn try_all(&self, end: Instant) -> io::Result<TcpStream> {
        let addresses = lookup_host((self.host.as_str(), self.port)).await?.collect::<Vec<_>>();
        let mut last = None;
        for (tried, address) in addresses.iter().enumerate() {
            let connecting = connect_one(*address);
            let result = match u32::try_from(addresses.len() - tried) {
                // The last one has what is left, which the caller keeps an eye on.
                Ok(1) | Err(_) => connecting.await,
                Ok(count) => {
                    let share = end.saturating_duration_since(Instant::now()) / count;
                    tokio::time::timeout(share, connecting)
                        .await
                        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                }
            };
            match result {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address")))
    }
}

async fn connect_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    socket::tune(&stream)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_dialled() {
        for (address, authority) in [
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("[::1]:8080", "[::1]:8080"),
            ("[fe80::1%eth0]:1", "[fe80::1]:1"),
            (":9090", "localhost:9090"),
            ("my_service.internal:80", "my_service.internal:80"),
        ] {
            let target = Target::new(&Address::new(address).unwrap(), &DialOptions::default()).unwrap();
            assert_eq!(target.authority(), authority);
            assert_eq!(target.uri().authority().unwrap().as_str(), authority);
        }
    }

    #[test]
    fn what_cannot_says_why() {
        for (address, why) in [("inbox", "host:port"), ("a:1-2", "range"), ("a\"b:1", "name")] {
            let error = Target::new(&Address::new(address).unwrap(), &DialOptions::default()).unwrap_err();
            assert!(error.detail().contains(why) && !error.reached(), "{error}");
        }
    }
}
