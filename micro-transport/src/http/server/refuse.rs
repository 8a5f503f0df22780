//! Answers to those who speak what is not spoken here.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::linger::linger;

/// How long the peer has to take such an answer.
const TIME: Duration = Duration::from_secs(1);

/// An HTTP/2 connection's first frame from the server, SETTINGS without any, and its last one: GOAWAY with
/// HTTP_1_1_REQUIRED (RFC 9113, sections 6.5, 6.8 and 7).
const HTTP2_OFF: &[u8] = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x35\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x0d\
    HTTP/2 is switched off here: speak HTTP/1.1.\n";

/// A fatal alert `protocol_version` (RFC 8446, section 6).
const TLS_OFF: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46];

/// Why a connection is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    /// HTTP/1.1 is switched off.
    Http1Off,
    /// HTTP/2 is switched off.
    Http2Off,
    /// TLS is not spoken.
    Tls,
    /// The head of a request took too long.
    SlowHead,
}

/// Tells the peer why, in words that it understands, and ends.
pub(super) async fn refuse(mut socket: TcpStream, why: Refused) {
    let text;
    let answer = match why {
        Refused::Http1Off => {
            text = http1("505 HTTP Version Not Supported", "HTTP/1.1 is switched off here: speak HTTP/2");
            text.as_bytes()
        }
        Refused::SlowHead => {
            text =
                http1("408 Request Timeout", "the head of the request took too long: see `header_timeout`");
            text.as_bytes()
        }
        Refused::Http2Off => HTTP2_OFF,
        Refused::Tls => TLS_OFF,
    };
    tracing::debug!(?why, "a connection is refused");
    if matches!(tokio::time::timeout(TIME, socket.write_all(answer)).await, Ok(Ok(()))) {
        linger(socket).await;
    }
}

fn http1(status: &str, text: &str) -> String {
    let length = text.len() + 1;
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frames_are_as_long_as_they_say() {
        let goaway = &HTTP2_OFF[9..];
        assert_eq!(goaway.len(), 9 + usize::from(goaway[2]));
    }
}
