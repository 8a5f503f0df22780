//! HTTP/2: a client of hyper's, and calls by it.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{LONG, Server};

pub(crate) type Sent = BoxBody<Bytes, Infallible>;

/// A connection.
pub(crate) struct Two {
    pub(crate) calls: SendRequest<Sent>,
    pub(crate) driven: JoinHandle<hyper::Result<()>>,
    socket: std::net::TcpStream,
}

impl Two {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let socket = socket.into_std().unwrap();
        let same = TcpStream::from_std(socket.try_clone().unwrap()).unwrap();
        let (calls, connection) = handshake(TokioExecutor::new(), TokioIo::new(same)).await.unwrap();
        Self { calls, driven: tokio::spawn(connection), socket }
    }

    /// Closes the connection, whatever runs on it.
    pub(crate) fn hang_up(&self) {
        self.socket.shutdown(std::net::Shutdown::Both).unwrap();
    }

    /// Sends a request, and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Sent>) -> hyper::Result<Response<Incoming>> {
        timeout(LONG, self.calls.send_request(request)).await.expect("no answer came")
    }

    pub(crate) async fn ask(&mut self, request: Request<Sent>) -> Said {
        let (head, mut body) = self.send(request).await.unwrap().into_parts();
        let mut said = Said { status: head.status, headers: head.headers, body: Vec::new(), trailers: None };
        while let Some(frame) = timeout(LONG, body.frame()).await.expect("no end came") {
            match frame.unwrap().into_data() {
                Ok(bytes) => said.body.extend_from_slice(&bytes),
                Err(frame) => said.trailers = frame.into_trailers().ok(),
            }
        }
        said
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Said {
    /// The messages of a stream, and its end.
    pub(crate) fn stream(&self) -> (Vec<String>, Value) {
        let mut messages = Vec::new();
        let mut rest = &self.body[..];
        loop {
            let (flags, length) = (rest[0], u32::from_be_bytes(rest[1..5].try_into().unwrap()) as usize);
            let text = std::str::from_utf8(&rest[5..5 + length]).unwrap();
            rest = &rest[5 + length..];
            if flags == 2 {
                assert!(rest.is_empty(), "something comes after the end");
                return (messages, serde_json::from_str(text).unwrap());
            }
            messages.push(text.to_owned());
        }
    }
}

pub(crate) fn post(path: &str, content_type: &str, body: Sent) -> Request<Sent> {
    let builder = Request::post(format!("http://a{path}")).version(Version::HTTP_2);
    builder.header("content-type", content_type).body(body).unwrap()
}

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Sent {
    Full::new(bytes.into()).boxed()
}

/// A message in its envelope.
pub(crate) fn sealed(message: &str) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message.as_bytes());
    bytes.freeze()
}

/// A body that comes bit by bit.
pub(crate) fn piecemeal() -> (Sender<Bytes>, Sent) {
    let (sender, receiver) = channel(1);
    let next = |mut receiver: Receiver<Bytes>| async move {
        let bytes = receiver.recv().await?;
        Some((Ok(Frame::data(bytes)), receiver))
    };
    (sender, BoxBody::new(StreamBody::new(Box::pin(futures_util::stream::unfold(receiver, next)))))
}

#[tokio::test]
async fn calls_by_path_and_by_header() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let said = two.ask(post("/Helloworld/Call", "application/json", whole(r#"{"name":"Jane"}"#))).await;
    assert_eq!((said.status, &said.body[..]), (StatusCode::OK, &br#"{"msg":"Hello Jane"}"#[..]));
    assert_eq!(said.headers["content-length"], "20");

    let mut request = post("/", "application/json", whole(r#"{"name":"Jane"}"#));
    request.headers_mut().insert("micro-endpoint", "Helloworld.Call".parse().unwrap());
    assert_eq!(two.ask(request).await.body, br#"{"msg":"Hello Jane"}"#);

    let said = two.ask(post("/Nope/Nope", "application/json", whole("{}"))).await;
    assert_eq!(said.status, StatusCode::NOT_FOUND);
    let mut request = post("/", "application/json", whole("{}"));
    request.headers_mut().insert("micro-endpoint", "Nope.Nope".parse().unwrap());
    let said = two.ask(request).await;
    assert_eq!(said.status, StatusCode::OK);
    let error = micro_core::Error::from_json(said.headers["micro-error"].to_str().unwrap());
    assert_eq!((error.go_micro(), error.reached()), (404, false));
}

#[tokio::test]
async fn metadata_and_trailers() {
    let server = Server::start().await;
    let mut two = Two::to(server.address).await;
    let said = two.ask(post("/Test/Metadata", "application/json", whole("{}"))).await;
    let tags: Vec<_> = said.headers.get_all("tag").iter().map(|tag| tag.to_str().unwrap()).collect();
    assert_eq!(tags, ["a", "b"]);
    assert_eq!(said.headers["sig-bin"], "AP8");
    assert_eq!(said.trailers.unwrap()["cost"], "7");
    let said = two.ask(post("/Test/Head", "application/json", whole(""))).await;
    assert!(String::from_utf8_lossy(&said.body).contains(r#""protocol":"h2""#));
}

#[tokio::test]
async fn many_calls_at_once() {
    let server = Server::start().await;
    let two = Two::to(server.address).await;
    let calls = (0..500).map(|number| {
        let mut calls = two.calls.clone();
        async move {
            let body = whole(format!(r#"{{"name":"{number}"}}"#));
            let answer = calls.send_request(post("/Greeter/Hello", "application/json", body)).await.unwrap();
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(bytes, format!(r#"{{"msg":"Hello {number}"}}"#));
        }
    });
    timeout(LONG, futures_util::future::join_all(calls)).await.unwrap();
}
