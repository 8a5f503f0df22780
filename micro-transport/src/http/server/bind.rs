//! Taking an address.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use micro_core::{Address, Error, Result};
use socket2::{Domain, Protocol, Socket, Type};

/// How many connections the kernel keeps until they are accepted; it has a limit of its own, which wins.
const BACKLOG: i32 = 4096;

/// Listens at an address: at the first port of a range that is free, and on every interface where it has no host.
pub(super) async fn bind(at: &Address) -> Result<TcpListener> {
    let Some(ports) = at.ports() else {
        return Err(Error::invalid_argument(format!(
            "cannot listen at `{at}`: it has no port; write `{at}:0`"
        )));
    };
    let hosts = hosts(at).await?;
    let mut last = None;
    for port in ports {
        match bind_one(&hosts, port) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == ErrorKind::AddrInUse => last = Some(error),
            Err(error) => return Err(unavailable(at, &error)),
        }
    }
    // A range has at least one port, so there was an attempt.
    let last = last.unwrap_or_else(|| ErrorKind::AddrInUse.into());
    Err(unavailable(at, &last))
}

/// The addresses that the host stands for, best first.
async fn hosts(at: &Address) -> Result<Vec<SocketAddr>> {
    let any = |ip: IpAddr| SocketAddr::new(ip, 0);
    if at.host().is_empty() {
        // One socket for both kinds of addresses, where the machine has IPv6 at all.
        return Ok(vec![any(Ipv6Addr::UNSPECIFIED.into()), any(Ipv4Addr::UNSPECIFIED.into())]);
    }
    // Asks the resolver only for what is no IP address; it also knows the scope of `fe80::1%eth0`.
    match tokio::net::lookup_host((at.host(), 0)).await {
        Ok(found) => Ok(found.collect()),
        Err(error) => Err(unavailable(at, &error)),
    }
}

fn bind_one(hosts: &[SocketAddr], port: u16) -> io::Result<TcpListener> {
    let mut last = io::Error::new(ErrorKind::AddrNotAvailable, "the host has no address");
    for host in hosts {
        let mut address = *host;
        address.set_port(port);
        match open(address) {
            Ok(listener) => return Ok(listener),
            // Another process has it; the other kind of addresses would hide that.
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // `[::1]` is what it says, `[::]` is every interface.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // A service that is started again need not wait for the connections of the one before it to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn unavailable(at: &Address, error: &io::Error) -> Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "; somebody else listens there: choose another port, 0 for any, or a range 5000-6000"
        }
        ErrorKind::PermissionDenied => "; ports below 1024 need a privilege: choose a higher one",
        ErrorKind::AddrNotAvailable => "; this machine has no such address",
        _ => "",
    };
    Error::unavailable(format!("cannot listen at `{at}`: {error}{hint}")).not_reached()
}

#[cfg(test)]
mod tests {
    use micro_core::Code;

    use super::*;

    async fn bound(at: &str) -> Result<TcpListener> {
        bind(&Address::new(at).unwrap()).await
    }

    #[tokio::test]
    async fn no_host_is_every_interface() {
        let listener = bound(":0").await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(address.ip().is_unspecified());
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, address.port())).unwrap();
    }

    #[tokio::test]
    async fn the_first_free_port_of_a_range() {
        // Ports that are next to each other and free, if nobody takes one in between; so there are several attempts.
        for _ in 0..20 {
            let first = bound("127.0.0.1:0").await.unwrap();
            let port = first.local_addr().unwrap().port();
            let Some(last) = port.checked_add(3) else { continue };
            let Ok(second) = bound(&format!("127.0.0.1:{port}-{last}")).await else { continue };
            let second = second.local_addr().unwrap().port();
            assert!((port + 1..=last).contains(&second), "{second} of {port}-{last}");
            return;
        }
        panic!("no range had a free port");
    }

    #[tokio::test]
    async fn errors_say_what_to_do() {
        let first = bound("127.0.0.1:0").await.unwrap();
        let error = bound(&first.local_addr().unwrap().to_string()).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::Unavailable, false));
        assert!(error.detail().contains("choose another port"), "{error}");

        let error = bound("nowhere").await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.detail().contains("no port"), "{error}");

        // An address of the documentation, TEST-NET-3, is no machine's.
        let error = bound("203.0.113.7:0").await.unwrap_err();
        assert!(error.detail().contains("no such address"), "{error}");
    }
}
