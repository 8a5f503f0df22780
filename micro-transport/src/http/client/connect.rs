//! Sockets to an address.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::{HeaderValue, Uri};
use micro_core::{Address, Deadline, Error, Result};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

use super::error;
use super::request::FormatNames;
use crate::DialOptions;
use crate::checked::YEAR;
use crate::http::{H2, HTTP1, socket};

/// How long an address has before the next one is tried beside it (RFC 8305, section 5).
const BESIDE: Duration = Duration::from_millis(250);

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

    /// Whether the node is known to be none of ours.
    pub(super) fn is_foreign(&self) -> bool {
        !self.options.protocols.is_empty() && !self.speaks_http()
    }

    /// Whether the node lists HTTP.
    pub(super) fn speaks_http(&self) -> bool {
        self.options.protocols.iter().any(|protocol| matches!(protocol.as_str(), H2 | HTTP1))
    }

    /// Makes a socket, until the time for that is up or that of the call it is for.
    ///
    /// # Errors
    /// [`Code::Unavailable`](micro_core::Code::Unavailable), not reached, when nobody answers in that time, and
    /// [`Code::DeadlineExceeded`](micro_core::Code::DeadlineExceeded), not reached, when the call's time is shorter.
    pub(super) async fn connect(&self, deadline: Option<Deadline>) -> Result<TcpStream> {
        let end = Instant::now() + self.options.timeout.min(YEAR);
        let sooner = deadline.map(|deadline| Instant::from_std(deadline.instant())).filter(|at| *at < end);
        match timeout_at(sooner.unwrap_or(end), self.try_all()).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(cause)) => Err(error::not_connected(&self.address, cause)),
            Err(_) if sooner.is_some() => {
                Err(Deadline::error(&format!("connecting to {}", self.address)).not_reached())
            }
            Err(_) => Err(self.too_slow()),
        }
    }

    /// The error of a peer that does not answer in time.
    pub(super) fn too_slow(&self) -> Error {
        let timeout: Duration = self.options.timeout;
        error::not_connected(
            &self.address,
            io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {timeout:?}")),
        )
    }

    async fn try_all(&self) -> io::Result<TcpStream> {
        first_of(lookup_host((self.host.as_str(), self.port)).await?).await
    }
}

/// The socket of the address that answers first. They are tried in their order, each when the one before has failed or
/// taken long, and the families by turns: so one that swallows packets, or a family that leads nowhere, hides no other.
async fn first_of(addresses: impl Iterator<Item = SocketAddr>) -> io::Result<TcpStream> {
    let (mut waiting, mut other): (VecDeque<_>, VecDeque<_>) = Default::default();
    for address in addresses {
        let first = waiting.front().is_none_or(|first: &SocketAddr| first.is_ipv4() == address.is_ipv4());
        if first { waiting.push_back(address) } else { other.push_back(address) }
    }
    let mut trying = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    loop {
        if let Some(address) = waiting.pop_front() {
            trying.push(connect_one(address));
            if !other.is_empty() {
                std::mem::swap(&mut waiting, &mut other);
            }
        }
        let pause = if waiting.is_empty() { YEAR } else { BESIDE };
        match timeout(pause, trying.next()).await {
            Ok(Some(Ok(stream))) => return Ok(stream),
            Ok(Some(Err(error))) => last = error,
            Ok(None) => return Err(last),
            // It goes on, and the next one is tried beside it.
            Err(_) => {}
        }
    }
}

async fn connect_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    socket::connected(&stream)?;
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

    /// An address whose kernel drops the packets of whoever knocks: nobody accepts, and its queue is full.
    async fn hole() -> (socket2::Socket, Vec<TcpStream>) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut queued = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queued.push(stream);
            assert!(queued.len() < 100, "the queue has no end");
        }
        (socket, queued)
    }

    #[tokio::test]
    async fn an_address_that_answers_is_not_hidden_by_others() {
        let (socket, _queued) = hole().await;
        let hole = socket.local_addr().unwrap().as_socket().unwrap();
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let well = listener.local_addr().unwrap();
        for (addresses, beside) in [
            (vec![well, hole], 0),
            (vec![nobody, well], 0),
            (vec![hole, nobody, well], 1),
            (vec![hole, hole, hole, well], 3),
        ] {
            let start = Instant::now();
            let stream = first_of(addresses.into_iter()).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), well);
            assert!(start.elapsed() >= BESIDE * beside && start.elapsed() < BESIDE * (beside + 8));
        }
        assert_eq!(
            first_of([nobody].into_iter()).await.unwrap_err().kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert_eq!(first_of([].into_iter()).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_cannot_says_why() {
        for (address, why) in [("inbox", "host:port"), ("a:1-2", "range"), ("a\"b:1", "name")] {
            let error = Target::new(&Address::new(address).unwrap(), &DialOptions::default()).unwrap_err();
            assert!(error.detail().contains(why) && !error.reached(), "{error}");
        }
    }
}
