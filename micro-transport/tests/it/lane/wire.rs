//! The lane by hand: frames as bytes, and a connection that says and hears them.

use std::net::SocketAddr;
use std::time::Duration;

use micro_core::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http_server::LONG;

pub(super) const PREFACE: &[u8] = b"\x89LANE\r\n\x01";

pub(super) const HELLO: u8 = 1;
pub(super) const CALL: u8 = 2;
pub(super) const REPLY: u8 = 3;
pub(super) const DATA: u8 = 4;
pub(super) const END: u8 = 5;
pub(super) const CANCEL: u8 = 6;
pub(super) const CREDIT: u8 = 7;
pub(super) const PING: u8 = 8;
pub(super) const PONG: u8 = 9;
pub(super) const GOAWAY: u8 = 10;
pub(super) const ROUTE: u8 = 11;
pub(super) const BLOCK: u8 = 12;
pub(super) const FORMAT: u8 = 13;

/// The codes of GOAWAY.
pub(super) const NONE: u8 = 0;
pub(super) const PROTOCOL: u8 = 1;
pub(super) const VERSION: u8 = 2;
pub(super) const FLOOD: u8 = 3;
pub(super) const IDLE: u8 = 4;

/// What a frame of DATA is: a whole message, or which part of one.
pub(super) const WHOLE: u8 = 0;
pub(super) const FIRST: u8 = 1;
pub(super) const LAST: u8 = 2;
pub(super) const MIDDLE: u8 = 3;

/// The flags of a CALL and a REPLY.
pub(super) const STREAM: u8 = 1;
pub(super) const MORE: u8 = 2;
pub(super) const OWN: u8 = 4;
pub(super) const NAMED: u8 = 8;
pub(super) const BODY: u8 = 16;

/// Any frame.
pub(super) fn frame(kind: u8, id: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.push(kind);
    frame.extend(id.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A HELLO that says these.
pub(super) fn hello(fields: &[(u16, u64)]) -> Vec<u8> {
    let fields =
        fields.iter().flat_map(|(key, value)| [&key.to_be_bytes()[..], &value.to_be_bytes()].concat());
    frame(HELLO, 0, fields.collect::<Vec<u8>>())
}

/// The payload of a CALL to an endpoint of `greeter`, in JSON.
pub(super) fn asking(flags: u8, endpoint: &str, rest: impl AsRef<[u8]>) -> Vec<u8> {
    let mut payload = vec![flags | NAMED, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for name in ["greeter", endpoint] {
        payload.extend((name.len() as u16).to_be_bytes());
        payload.extend(name.as_bytes());
    }
    payload.extend(rest.as_ref());
    payload
}

/// A call with one message.
pub(super) fn call(id: u32, endpoint: &str, message: impl AsRef<[u8]>) -> Vec<u8> {
    frame(CALL, id, asking(BODY, endpoint, message))
}

/// A call whose request is a stream.
pub(super) fn stream(id: u32, endpoint: &str) -> Vec<u8> {
    frame(CALL, id, asking(STREAM, endpoint, ""))
}

/// The first part of a call's message.
pub(super) fn begun(id: u32, endpoint: &str, total: u32, first: impl AsRef<[u8]>) -> Vec<u8> {
    let rest = [&total.to_be_bytes()[..], first.as_ref()].concat();
    frame(CALL, id, asking(BODY | MORE, endpoint, rest))
}

/// A message of a stream, or a part of one that is not the first.
pub(super) fn data(id: u32, part: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(DATA, id, [&[part][..], bytes.as_ref()].concat())
}

/// The first part of a message of a stream.
pub(super) fn first(id: u32, total: u32, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(DATA, id, [&[FIRST][..], &total.to_be_bytes(), bytes.as_ref()].concat())
}

pub(super) fn end(id: u32) -> Vec<u8> {
    frame(END, id, [0])
}

pub(super) fn cancel(id: u32) -> Vec<u8> {
    frame(CANCEL, id, [])
}

pub(super) fn credit(id: u32, bytes: u32) -> Vec<u8> {
    frame(CREDIT, id, bytes.to_be_bytes())
}

pub(super) fn ping() -> Vec<u8> {
    frame(PING, 0, *b"the last")
}

pub(super) fn goaway(code: u8) -> Vec<u8> {
    frame(GOAWAY, 0, [code, 0, 0, 0, 0])
}

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) id: u32,
    pub(super) payload: Vec<u8>,
}

/// What is said to a call.
#[derive(Debug)]
pub(super) enum Said {
    /// Its whole answer.
    Reply(Vec<u8>),
    /// The end of its stream.
    End,
    Failed(Error),
    /// The connection is refused.
    Goaway(u8, String),
    Closed,
}

/// A connection.
pub(super) struct Wire {
    pub(super) socket: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    pub(super) fn of(socket: TcpStream) -> Self {
        Self { socket, read: Vec::new() }
    }

    /// A connection that has said nothing.
    pub(super) async fn to(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).await.unwrap())
    }

    /// A connection on which both sides have said hello.
    pub(super) async fn open(address: SocketAddr) -> Self {
        Self::with(address, &[]).await
    }

    /// The same of a peer that says these things.
    pub(super) async fn with(address: SocketAddr, fields: &[(u16, u64)]) -> Self {
        let mut wire = Self::to(address).await;
        assert!(wire.send([PREFACE, &hello(fields)].concat()).await);
        wire.greeted().await;
        wire
    }

    /// Reads the other side's preface and HELLO.
    pub(super) async fn greeted(&mut self) {
        self.preface().await;
        assert_eq!(self.frame().await.expect("no HELLO").kind, HELLO);
    }

    pub(super) async fn preface(&mut self) {
        while self.read.len() < PREFACE.len() {
            assert!(self.more().await, "closed in the preface: {}", self.read.escape_ascii());
        }
        assert_eq!(self.read.drain(..PREFACE.len()).collect::<Vec<_>>(), PREFACE);
    }

    /// Sends what goes out; says whether all of it does.
    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        timeout(LONG, self.socket.write_all(bytes.as_ref())).await.expect("nobody reads").is_ok()
    }

    /// The same connection, to write to while this one reads.
    pub(super) fn writer(&mut self) -> TcpStream {
        let socket = socket2::SockRef::from(&self.socket).try_clone().unwrap();
        TcpStream::from_std(socket.into()).unwrap()
    }

    async fn more(&mut self) -> bool {
        matches!(timeout(LONG, self.socket.read_buf(&mut self.read)).await.expect("nothing comes"), Ok(1..))
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((&[a, b, c, kind, d, e, f, g], rest)) = self.read.split_first_chunk() {
                let length = u32::from_be_bytes([0, a, b, c]) as usize;
                if rest.len() >= length {
                    let payload = rest[..length].to_vec();
                    self.read.drain(..8 + length);
                    return Some(Frame { kind, id: u32::from_be_bytes([d, e, f, g]), payload });
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// What is said to a call; what else comes is passed over.
    pub(super) async fn said(&mut self, id: u32) -> Said {
        while let Some(frame) = self.frame().await {
            match (frame.kind, frame.payload[0]) {
                (GOAWAY, code) if code != NONE => {
                    return Said::Goaway(code, String::from_utf8_lossy(&frame.payload[5..]).into_owned());
                }
                (REPLY, flags) if frame.id == id && flags & (STREAM | MORE) == 0 => {
                    return Said::Reply(frame.payload[1..].to_vec());
                }
                (END, 1) if frame.id == id => {
                    return Said::Failed(Error::from_json(std::str::from_utf8(&frame.payload[1..]).unwrap()));
                }
                (END, _) if frame.id == id => return Said::End,
                _ => {}
            }
        }
        Said::Closed
    }

    /// The error of a call.
    pub(super) async fn failed(&mut self, id: u32) -> Error {
        match self.said(id).await {
            Said::Failed(error) => error,
            other => panic!("call {id}: {other:?}"),
        }
    }

    /// The message that answers a call.
    pub(super) async fn answered(&mut self, id: u32) -> Vec<u8> {
        match self.said(id).await {
            Said::Reply(message) => message,
            other => panic!("call {id}: {other:?}"),
        }
    }

    /// The connection goes on: it answers a PING and calls.
    pub(super) async fn goes_on(&mut self) {
        self.pong().await;
        assert!(self.send(call(1, "Greeter.Hello", r#"{"name":"Jane"}"#)).await);
        assert_eq!(self.answered(1).await, br#"{"msg":"Hello Jane"}"#);
    }

    /// Everything that was sent has been read.
    pub(super) async fn pong(&mut self) {
        assert!(self.send(ping()).await, "it is closed");
        while let Some(frame) = self.frame().await {
            match frame.kind {
                PONG if frame.payload == b"the last" => return,
                GOAWAY => panic!("{}", String::from_utf8_lossy(&frame.payload[5..])),
                _ => {}
            }
        }
        panic!("it was closed");
    }

    /// Waits until the connection has ended; what was said then.
    pub(super) async fn gone(&mut self) -> Option<(u8, String)> {
        match self.said(u32::MAX).await {
            Said::Goaway(code, why) => Some((code, why)),
            Said::Closed => None,
            other => panic!("{other:?}"),
        }
    }
}

/// Sends pieces on a connection and reads all that comes, until a PING behind them is answered (`None`) or the connection
/// is ended: how, as far as that is told.
pub(super) async fn pour(
    wire: &mut Wire,
    count: u32,
    piece: impl Fn(u32) -> Vec<u8>,
) -> Option<(u8, String)> {
    let mut writer = wire.writer();
    let writing = async move {
        for number in 0..count {
            if writer.write_all(&piece(number)).await.is_err() {
                return;
            }
        }
        let _ = writer.write_all(&ping()).await;
    };
    let reading = async {
        loop {
            match wire.frame().await {
                Some(Frame { kind: PONG, payload, .. }) if payload == b"the last" => return None,
                Some(Frame { kind: GOAWAY, payload, .. }) => {
                    return Some((payload[0], String::from_utf8_lossy(&payload[5..]).into_owned()));
                }
                Some(_) => {}
                None => return Some((u8::MAX, "closed without a word".to_owned())),
            }
        }
    };
    let both = async { tokio::join!(writing, reading).1 };
    timeout(LONG * 3, both).await.expect("it does not end")
}

/// Time for what should not happen.
pub(super) const A_WHILE: Duration = Duration::from_millis(300);
