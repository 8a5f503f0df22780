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
/// How long bytes may be on their way before the connection is given up: idle and all probes.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const USER_TIMEOUT: Duration = Duration::from_secs(8);

/// Sends small messages at once, and lets the kernel notice a peer that is gone without a word, with whatever is in
/// flight: otherwise that takes it a quarter of an hour.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn tune(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(IDLE);
    #[cfg(not(any(target_os = "openbsd", target_os = "redox", target_os = "solaris")))]
    let keep_alive = keep_alive.with_interval(INTERVAL).with_retries(PROBES);
    socket.set_tcp_keepalive(&keep_alive)?;
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_has_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tune(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap() && socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), IDLE);
        #[cfg(target_os = "linux")]
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(USER_TIMEOUT));
    }
}
