//! The end of a connection whose peer may still be sending.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stream::Socket;

/// How long is read what nobody wants.
pub(super) const TIME: Duration = Duration::from_secs(5);
/// How much of it, in bytes.
pub(super) const SIZE: usize = 64 * 1024 * 1024;

/// Says that nothing more comes, and reads on until the peer has closed too, for a bounded time and size. A socket that
/// is closed with bytes unread resets the connection, and its peer loses the answer that it has not read yet (RFC 9112,
/// section 9.6).
pub(crate) async fn linger(mut socket: impl Socket) {
    let reading = async {
        if socket.shutdown().await.is_err() {
            return;
        }
        let mut buffer = vec![0; 16 * 1024];
        let mut left = SIZE;
        while left > 0 {
            match socket.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    };
    // Late or not, the socket is closed now.
    let _ = tokio::time::timeout(TIME, reading).await;
}
