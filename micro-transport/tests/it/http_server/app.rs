//! What the server of these tests answers with: transports see bytes, so this is made of bytes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use micro_core::{
    Body, BodyStream, Call, Dispatch, Error, Frame, Message, Metadata, Request, Response, Result, Source,
};
use micro_macros::message;
use serde_json::{Value, json};
use tokio::sync::Notify;

/// A message that may hold itself.
#[message(crate = "micro_codec")]
#[derive(Debug)]
struct Tree {
    #[field(1)]
    name: String,
    #[field(2)]
    count: u64,
    #[field(3)]
    children: Vec<Tree>,
}

/// An application, and what it has seen.
#[derive(Default)]
pub(crate) struct App {
    /// The handlers that run.
    pub(crate) running: AtomicUsize,
    /// The messages that an endless stream has made.
    pub(crate) made: AtomicUsize,
    /// Lets `Test.Wait` answer.
    pub(crate) go: Notify,
}

/// Counts a handler while it runs.
struct Counted(Arc<App>);

impl App {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    pub(crate) fn dispatch(self: &Arc<Self>) -> Arc<dyn Dispatch> {
        Arc::new(Serving(self.clone()))
    }

    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// Waits until so many handlers run.
    pub(crate) async fn until_running(&self, count: usize) {
        let reached = async {
            while self.running() != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(super::LONG, reached).await.unwrap_or_else(|_| {
            panic!("{} handlers run and not {count}", self.running());
        });
    }
}

impl Counted {
    fn new(app: &Arc<App>) -> Self {
        app.running.fetch_add(1, Ordering::SeqCst);
        Self(app.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The application as a `Dispatch`.
struct Serving(Arc<App>);

impl Dispatch for Serving {
    fn dispatch(&self, request: Request) -> Call {
        let counted = Counted::new(&self.0);
        Call::boxed(async move { answer(request, counted).await })
    }
}

async fn answer(request: Request, counted: Counted) -> Result<Response> {
    let Request { head, body } = request;
    match (head.route.endpoint(), body) {
        ("Greeter.Hello" | "Helloworld.Call", body) => {
            let value: Value = serde_json::from_slice(&one(body)?)
                .map_err(|error| Error::invalid_argument(format!("no JSON: {error}")).not_reached())?;
            let name = value["name"].as_str().unwrap_or_default();
            Ok(text(json!({ "msg": format!("Hello {name}") }).to_string()))
        }
        ("Greeter.Fail", _) => Err(Error::invalid_argument("no name").with_id("greeter")),
        ("Greeter.Nothing", Body::Empty) => Ok(Response::default()),
        ("Greeter.Meta", body) => {
            let value: Value = serde_json::from_slice(&one(body)?).unwrap();
            let key = value["key"].as_str().unwrap();
            Ok(text(json!({ "value": head.metadata.get(key) }).to_string()))
        }
        ("Greeter.Proto", body) => {
            let bytes = one(body)?;
            assert_eq!(&bytes[..2], b"\x0a\x04");
            let msg = [b"Hello ", &bytes[2..]].concat();
            let length = u8::try_from(msg.len()).unwrap();
            Ok(Response::new(Body::One([&[0x0a, length][..], &msg].concat().into())))
        }
        ("Test.Echo", body) => Ok(Response::new(match body {
            Body::Stream(stream) => Body::Stream(BodyStream::new(Echo(stream, counted))),
            whole => whole,
        })),
        ("Test.Count", Body::Stream(mut stream)) => {
            let mut count = 0;
            while let Some(frame) = stream.frame().await {
                match frame? {
                    Frame::Data(_) => count += 1,
                    Frame::Trailers(trailers) => assert!(!trailers.is_empty()),
                }
            }
            Ok(text(count.to_string()))
        }
        ("Test.Head", _) => {
            let deadline = head.deadline.map(|deadline| deadline.left().as_secs());
            let peer = head.peer().unwrap();
            let metadata: Vec<_> = head.metadata.iter().map(|(key, _)| key.as_str()).collect();
            Ok(text(
                json!({
                    "service": head.route.service(), "format": head.format.name(), "deadline": deadline,
                    "protocol": peer.protocol, "peer": peer.address.as_str(),
                    "local": peer.local.as_ref().map(micro_core::Address::as_str), "metadata": metadata,
                })
                .to_string(),
            ))
        }
        ("Test.Metadata", _) => {
            let mut response = text("{}".to_owned());
            response.metadata_mut().append("tag", "a").unwrap();
            response.metadata_mut().append("tag", "b").unwrap();
            response.metadata_mut().insert("sig-bin", vec![0, 255]).unwrap();
            response.metadata_mut().insert("content-length", "999").unwrap();
            response.trailers_mut().insert("cost", "7").unwrap();
            Ok(response)
        }
        ("Test.Wait", _) => {
            counted.0.go.notified().await;
            Ok(text("\"waited\"".to_owned()))
        }
        ("Test.Panic", _) => {
            tokio::task::yield_now().await;
            panic!("on purpose");
        }
        ("Test.Sleep", body) => {
            let bytes = one(body)?;
            let time = String::from_utf8_lossy(&bytes).parse().unwrap();
            tokio::time::sleep(Duration::from_millis(time)).await;
            Ok(text("\"slept\"".to_owned()))
        }
        ("Test.Flood", body) => {
            let bytes = one(body).unwrap_or_default();
            let left = String::from_utf8_lossy(&bytes).parse().unwrap_or(usize::MAX);
            Ok(Response::new(Body::Stream(BodyStream::new(Flood(counted, left)))))
        }
        ("Test.Three", body) => {
            let fail = matches!(&body, Body::One(bytes) if &bytes[..] == b"\"fail\"");
            let mut frames: Vec<_> = (1..=3).map(|n| Ok(Frame::Data(n.to_string().into()))).collect();
            let mut trailers = Metadata::new();
            trailers.insert("cost", "7").unwrap();
            frames.push(if fail {
                Err(Error::aborted("on purpose").with_reason("PURPOSE"))
            } else {
                Ok(Frame::Trailers(trailers))
            });
            Ok(Response::new(Body::Stream(BodyStream::new(Given(frames.into_iter())))))
        }
        ("Test.Tree", body) => {
            let tree = Tree::decode(head.format, one(body)?)?;
            Ok(text(tree.children.len().to_string()))
        }
        ("Test.Big", _) => Ok(Response::new(Body::One(Bytes::from(vec![b'x'; 8 * 1024 * 1024])))),
        (endpoint, _) => Err(Error::unimplemented(format!(
            "service `greeter` has no endpoint `{endpoint}` (it has: Greeter.Hello)"
        ))
        .with_http(404)
        .with_id("greeter")
        .not_reached()),
    }
}

fn one(body: Body) -> Result<Bytes> {
    match body {
        Body::One(bytes) => Ok(bytes),
        Body::Empty => Ok(Bytes::new()),
        Body::Stream(_) => Err(Error::invalid_argument("a stream")),
    }
}

fn text(text: String) -> Response {
    Response::new(Body::One(text.into()))
}

/// Sends back what it receives.
struct Echo(BodyStream, #[expect(dead_code, reason = "held while it runs")] Counted);

impl Source for Echo {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        self.0.poll_frame(cx)
    }
}

/// Sends so many messages: for ever, if it is not told.
struct Flood(Counted, usize);

impl Source for Flood {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let Some(left) = self.1.checked_sub(1) else { return Poll::Ready(None) };
        self.1 = left;
        self.0.0.made.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::Data(vec![b'x'; 16 * 1024].into()))))
    }
}

struct Given(std::vec::IntoIter<Result<Frame>>);

impl Source for Given {
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        Poll::Ready(self.0.next())
    }
}
