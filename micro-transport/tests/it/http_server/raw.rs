//! A client that writes bytes and reads bytes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::LONG;

/// A connection.
pub(crate) struct Raw {
    pub(crate) socket: TcpStream,
    read: Vec<u8>,
}

/// An answer of HTTP/1.1.
#[derive(Debug)]
pub(crate) struct Said {
    /// The status line and the headers, without the date.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Raw {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Said {
        timeout(LONG, self.read_answer()).await.expect("no answer came")
    }

    async fn read_answer(&mut self) -> Said {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            assert!(self.more().await, "closed in the head: {}", self.read.escape_ascii());
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let length = |line: &str| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok();
        let length: usize = head.lines().find_map(length).expect("no length");
        while self.read.len() < length {
            assert!(self.more().await, "closed in the body");
        }
        let body = self.read.drain(..length).collect();
        let dated = |line: &&str| !line.starts_with("Date: ");
        Said { head: head.lines().filter(dated).map(|line| format!("{line}\n")).collect(), body }
    }

    async fn more(&mut self) -> bool {
        self.socket.read_buf(&mut self.read).await.unwrap() > 0
    }

    /// All that comes until the other side closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let reading = async { while matches!(self.socket.read_buf(&mut self.read).await, Ok(1..)) {} };
        timeout(LONG, reading).await.expect("it does not close");
        std::mem::take(&mut self.read)
    }
}

impl Said {
    pub(crate) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn body(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The error in a header, or in the body.
    pub(crate) fn error(&self) -> micro_core::Error {
        micro_core::Error::from_json(self.header("Micro-Error").unwrap_or(self.body()))
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Said {
    let mut raw = Raw::to(address).await;
    raw.send(request).await;
    raw.answer().await
}

/// A request by path.
pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A request by path, in JSON.
pub(crate) fn json(path: &str, body: &str) -> String {
    post(path, "Content-Type: application/json\r\n", body)
}
