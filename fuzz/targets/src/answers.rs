use std::time::Duration;

use micro::transport::{DialOptions, Http, Transport};
use micro::{Address, Body, BodyStream, Deadline, Frame, Head, JSON, Request, Result, Route};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::frames::{self, Field};

/// The largest message that is read.
const MAX_MESSAGE: usize = 64 * 1024;
/// As long as no call may take: every server here has closed its connection long before.
const FOR_EVER: Duration = Duration::from_secs(20);

/// What answers over HTTP/2 begin with.
const HEADS: &[&[Field]] = &[
    &[(":status", "200"), ("content-type", "application/json")],
    &[(":status", "200"), ("content-type", "application/connect+json")],
    &[
        (":status", "200"),
        ("content-type", "application/json"),
        ("micro-error", "{\"code\":500,\"detail\":\"x\"}"),
    ],
    &[(":status", "503"), ("content-type", "application/json"), ("retry-after", "1")],
    &[(":status", "103")],
    &[("grpc-status", "0")],
    &[],
];

/// A server, which listens where its clients are sent.
struct World {
    runtime: Runtime,
    listener: TcpListener,
    address: Address,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("its address").into();
        Self { runtime, listener, address }
    }
}

/// What a client is answered by a hostile server. The first byte says in which protocol, and whether the request is a
/// stream; the rest is the answer, in HTTP/2 as frames, see `frames.rs`.
pub fn answers(bytes: &[u8]) {
    thread_local!(static WORLD: World = World::new());
    let Some((how, answer)) = bytes.split_first() else { return };
    let (http2, streamed) = (how & 1 != 0, how & 2 != 0);
    WORLD.with(|world| {
        world.runtime.block_on(async {
            let (called, ()) = tokio::join!(
                tokio::time::timeout(FOR_EVER, call(&world.address, http2, streamed)),
                serve(&world.listener, http2, answer)
            );
            if let Err(error) = called.expect("it ends") {
                // Whatever it was, it can be told on.
                assert!(error.detail().len() <= 1024 * 1024);
                let _ = error.to_json();
            }
        });
    });
}

/// Calls, and reads the answer to its end.
async fn call(address: &Address, http2: bool, streamed: bool) -> Result<()> {
    let mut options = DialOptions::default();
    options.max_message = MAX_MESSAGE;
    if http2 {
        options.protocols = vec!["h2".to_owned()];
    }
    let connection = Http.dial(address, &options).await?;
    let mut head = Head::new(Route::new("echo", "Echo.Say"), JSON);
    head.deadline = Some(Deadline::after(FOR_EVER / 2));
    let message = "\"x\"".to_owned();
    let body = if streamed && http2 {
        Body::Stream(BodyStream::of([Frame::Data(message.into())]))
    } else {
        Body::One(message.into())
    };
    let response = connection.dispatch(Request::new(head, body)).await?;
    match response.body {
        Body::Empty => {}
        Body::One(bytes) => assert!(bytes.len() <= MAX_MESSAGE),
        Body::Stream(mut stream) => {
            while let Some(frame) = stream.frame().await {
                if let Frame::Data(bytes) = frame? {
                    assert!(bytes.len() <= MAX_MESSAGE);
                }
            }
        }
    }
    Ok(())
}

/// Answers one connection, once the head of its request has come: an answer to none is another case.
async fn serve(listener: &TcpListener, http2: bool, answer: &[u8]) {
    let (mut socket, _) = listener.accept().await.expect("a connection");
    let mut received = Vec::with_capacity(1024);
    let mut sent = Vec::new();
    if http2 {
        let _ = socket.write_all(frames::SETTINGS).await;
        let mut seen = frames::PREFACE.len();
        while !frames::until_head(&received, &mut seen, &mut sent) {
            // A client that asks whether we live gets to hear it.
            let _ = socket.write_all(&std::mem::take(&mut sent)).await;
            if !matches!(socket.read_buf(&mut received).await, Ok(1..)) {
                return;
            }
        }
        frames::frames(answer, HEADS, &mut sent);
    } else {
        let _ = socket.read_buf(&mut received).await;
        sent.extend_from_slice(answer);
    }
    let _ = socket.write_all(&sent).await;
    close(socket, &mut received).await;
}

/// Says that nothing more comes, and waits until the peer has gone: what it has not read yet is not taken from it.
async fn close(mut socket: TcpStream, buffer: &mut Vec<u8>) {
    let _ = socket.shutdown().await;
    while let Ok(1..) = socket.read_buf(buffer).await {
        buffer.clear();
    }
}
