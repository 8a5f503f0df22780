//! A client of HTTP/2 that writes frames as it is told, right or wrong (RFC 9113, RFC 7541).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http_server::LONG;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;
pub(super) const PADDED: u8 = 8;

pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const FLOW_CONTROL_ERROR: u32 = 3;
pub(super) const FRAME_SIZE_ERROR: u32 = 6;
pub(super) const CANCEL: u32 = 8;
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// A frame as bytes.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub(super) fn settings(all: &[(u16, u32)]) -> Vec<u8> {
    let one = |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, all.iter().flat_map(one).collect::<Vec<_>>())
}

pub(super) fn window(stream: u32, size: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, size.to_be_bytes())
}

pub(super) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, CANCEL.to_be_bytes())
}

/// A block of headers, none of it compressed.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            length(text.len(), &mut block);
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// An integer of a prefix of 7 bits.
fn length(mut number: usize, out: &mut Vec<u8>) {
    if number < 127 {
        return out.push(number as u8);
    }
    out.push(127);
    number -= 127;
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The fields of `POST` to a path.
pub(super) fn fields<'a>(path: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let all = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", path)];
    [&all, more].concat()
}

/// The head of `POST` to a path, whose body is to come.
pub(super) fn head(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, block(&fields(path, more)))
}

/// The head of `POST` to a path, without a body.
pub(super) fn post(stream: u32, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, block(&fields(path, more)))
}

pub(super) fn data(stream: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(DATA, 0, stream, bytes)
}

pub(super) fn end(stream: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, bytes)
}

/// A frame that came.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// A connection.
pub(super) struct Wire {
    pub(super) socket: TcpStream,
    read: Vec<u8>,
}

/// How a stream ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was answered, with this status and body.
    Answer(u16, String),
    /// It was reset for this reason.
    Reset(u32),
    /// The connection ended, for this reason, which is told in these words too.
    Goaway(u32, String),
    /// The connection ended without a word.
    Closed,
}

impl Wire {
    /// A connection on which nothing was sent.
    pub(super) async fn to(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// A connection that began as it should.
    pub(super) async fn open(address: SocketAddr) -> Self {
        Self::with(address, &[]).await
    }

    pub(super) async fn with(address: SocketAddr, given: &[(u16, u32)]) -> Self {
        let mut wire = Self::to(address).await;
        wire.send([PREFACE, &settings(given), &frame(SETTINGS, ACK, 0, [])].concat()).await;
        wire
    }

    /// Sends what goes out; says whether all of it does.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        timeout(LONG, self.socket.write_all(bytes.as_ref())).await.expect("nobody reads").is_ok()
    }

    /// The same connection, to write to while this one reads.
    pub(super) fn writer(&mut self) -> TcpStream {
        // A second descriptor of the same socket, as a whole stream can be awaited in one place only.
        let socket = socket2::SockRef::from(&self.socket).try_clone().unwrap();
        TcpStream::from_std(socket.into()).unwrap()
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        timeout(LONG, self.read_frame()).await.expect("no frame comes and no end")
    }

    async fn read_frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((&[a, b, c, kind, flags, d, e, f, g], rest)) = self.read.split_first_chunk() {
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                if rest.len() >= length {
                    let payload = rest[..length].to_vec();
                    self.read.drain(..9 + length);
                    return Some(Frame { kind, flags, stream: u32::from_be_bytes([d, e, f, g]), payload });
                }
            }
            if !matches!(self.socket.read_buf(&mut self.read).await, Ok(1..)) {
                return None;
            }
        }
    }

    /// How a stream ends, or the connection does.
    pub(super) async fn ended(&mut self, stream: u32) -> Ended {
        let (mut status, mut body) = (0, Vec::new());
        while let Some(frame) = self.frame().await {
            match frame.kind {
                GOAWAY => {
                    let code = u32::from_be_bytes(frame.payload[4..8].try_into().unwrap());
                    return Ended::Goaway(code, String::from_utf8_lossy(&frame.payload[8..]).into());
                }
                RST_STREAM if frame.stream == stream => {
                    let code = u32::from_be_bytes(frame.payload[..].try_into().unwrap());
                    // A reset behind a whole answer says only that the rest of the request is not wanted.
                    return Ended::Reset(code);
                }
                HEADERS if frame.stream == stream && status == 0 => status = status_of(&frame.payload),
                DATA if frame.stream == stream => {
                    body.extend_from_slice(&frame.payload);
                    self.send(window(0, frame.payload.len().max(1) as u32)).await;
                }
                _ => continue,
            }
            if frame.flags & END_STREAM != 0 {
                return Ended::Answer(status, String::from_utf8_lossy(&body).into());
            }
        }
        Ended::Closed
    }

    /// Waits until the connection has ended; for what reason.
    pub(super) async fn gone(&mut self) -> Ended {
        let mut how = Ended::Closed;
        loop {
            match self.ended(u32::MAX).await {
                Ended::Closed => return how,
                other => how = other,
            }
        }
    }
}

/// The status in a block of headers, where it is the first field.
fn status_of(block: &[u8]) -> u16 {
    match *block {
        [first @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(first) - 0x88],
        // A literal of the name `:status`, and three digits in Huffman's code.
        [0x08 | 0x18 | 0x48 | 0x58, length, ref rest @ ..] if length & 0x80 != 0 => {
            let bits: String =
                rest[..usize::from(length & 0x7f)].iter().map(|byte| format!("{byte:08b}")).collect();
            let (mut rest, mut status) = (&bits[..], 0);
            for _ in 0..3 {
                let (digit, long) =
                    if &rest[..3] == "000" { (&rest[3..5], false) } else { (&rest[2..6], true) };
                let digit = u16::from_str_radix(digit, 2).unwrap();
                status = status * 10 + if long { digit - 6 } else { digit };
                rest = &rest[if long { 6 } else { 5 }..];
            }
            status
        }
        [0x08 | 0x18 | 0x48 | 0x58, 3, a, b, c, ..] => {
            std::str::from_utf8(&[a, b, c]).unwrap().parse().unwrap()
        }
        _ => panic!("no status in {}", block.escape_ascii()),
    }
}
