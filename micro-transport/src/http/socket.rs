//! What both sides set on their sockets.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// How long a socket may be silent before the kernel asks whether its peer lives.
const IDLE: Duration = Duration::from_secs(5);
/// How long it waits for an answer, and how often it asks.
const INTERVAL: Duration = Duration::from_secs(1);
const PROBES: u32 = 3;
/// How long a caller's bytes may be on their way, or not be taken, before the connection is given up: idle and all
/// probes.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const USER_TIMEOUT: Duration = Duration::from_secs(8);

/// Sets up the socket of a caller: as [`accepted`] does, and the kernel notices a peer that is gone with a request in
/// flight too, which it does not ask then; otherwise that takes it a quarter of an hour. A peer that lives and takes
/// not a byte for so long is the same to it: servers read what comes, or are no better than gone.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn connected(stream: &TcpStream) -> io::Result<()> {
    accepted(stream)?;
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    SockRef::from(stream).set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

/// Sets up the socket of a server: sends small messages at once, and lets the kernel notice a peer that is gone without
/// a word while nothing is sent to it. A caller may well rest in the middle of an answer, which the kernel would not
/// tell from that: how long it may is for the server to say.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn accepted(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(IDLE);
    #[cfg(not(any(target_os = "openbsd", target_os = "redox", target_os = "solaris")))]
    let keep_alive = keep_alive.with_interval(INTERVAL).with_retries(PROBES);
    socket.set_tcp_keepalive(&keep_alive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_has_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (other, _) = listener.accept().await.unwrap();
        connected(&stream).unwrap();
        accepted(&other).unwrap();
        for stream in [&stream, &other] {
            let socket = SockRef::from(stream);
            assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
            assert_eq!(socket.tcp_keepalive_time().unwrap(), IDLE);
        }
        #[cfg(target_os = "linux")]
        for (stream, limit) in [(&stream, Some(USER_TIMEOUT)), (&other, None)] {
            assert_eq!(SockRef::from(stream).tcp_user_timeout().unwrap(), limit);
        }
    }
}
