//! What only the memory transport does.

mod chains;

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use micro_core::{
    Address, Body, BodyStream, Call, Code, Deadline, Dispatch, Error, Format, Formats, Frame, Head, Listener,
    Request, Response, Result, Route, Shutdown,
};
use micro_transport::{Connection, ConnectionState, DialOptions, ListenOptions, Memory, Transport};
use tokio::time::timeout;

const FORMAT: Format = micro_codec::RAW;
const SOON: Duration = Duration::from_secs(5);

/// A service that is a function.
struct Service<F>(F);

impl<F: Fn(Request) -> Call + Send + Sync + 'static> Dispatch for Service<F> {
    fn dispatch(&self, request: Request) -> Call {
        (self.0)(request)
    }
}

fn service(answer: impl Fn(Request) -> Call + Send + Sync + 'static) -> Arc<dyn Dispatch> {
    Arc::new(Service(answer))
}

fn echo() -> Arc<dyn Dispatch> {
    service(|request| Call::boxed(async move { Ok(Response::new(request.body)) }))
}

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn request(body: &'static str) -> Request {
    Request::new(Head::new(Route::new("service", "Endpoint.Call"), FORMAT), Body::One(body.into()))
}

fn options() -> ListenOptions {
    let mut options = ListenOptions::default();
    options.formats = Formats::new().with(FORMAT);
    options
}

async fn listen(memory: &Memory, at: &str) -> Result<Box<dyn Listener>> {
    memory.listen(&address(at), &options()).await
}

async fn dial(memory: &Memory, to: &str) -> Result<Arc<dyn Connection>> {
    memory.dial(&address(to), &DialOptions::default()).await
}

/// A listener at `memory:1` that serves `app`, and a connection to it.
async fn serve(
    app: Arc<dyn Dispatch>,
) -> (Arc<dyn Connection>, Shutdown, tokio::task::JoinHandle<Result<()>>) {
    let (memory, stop) = (Memory::new(), Shutdown::new());
    let listener = listen(&memory, ":0").await.unwrap();
    let connection = dial(&memory, "memory:1").await.unwrap();
    let serving = tokio::spawn(listener.serve(app, stop.clone()));
    (connection, stop, serving)
}

fn text(response: Response) -> Bytes {
    match response.body {
        Body::One(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// Counts itself while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn networks_are_apart_and_clones_share_one() {
    let (one, other) = (Memory::new(), Memory::new());
    let listener = listen(&one, "here:1").await.unwrap();
    assert!(dial(&one.clone(), "here:1").await.is_ok());
    let error = dial(&other, "here:1").await.err().unwrap();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false));
    assert!(listen(&other, "here:1").await.is_ok());
    assert_eq!(format!("{one:?}"), r#"Memory { network: Network(["here:1"]) }"#);
    drop(listener);
    assert!(dial(&one, "here:1").await.is_err());
}

#[tokio::test]
async fn addresses_are_made_up_chosen_or_named() {
    let memory = Memory::new();
    let mut held = Vec::new();
    for (at, taken) in [
        (":0", "memory:1"),
        (":0", "memory:2"),
        ("db:0", "db:3"),
        (":8080", "memory:8080"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("[::1]:80", "[::1]:80"),
        ("name", "name"),
        (":5000-5001", "memory:5000"),
        (":5000-5001", "memory:5001"),
    ] {
        let listener = listen(&memory, at).await.unwrap();
        assert_eq!(listener.addresses(), [address(taken)], "{at}");
        assert!(dial(&memory, taken).await.is_ok(), "{taken}");
        held.push(listener);
    }
    for taken in [":8080", "memory:8080", "name", ":5000-5001"] {
        let error = listen(&memory, taken).await.err().unwrap();
        assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{taken}");
    }
    assert!(dial(&memory, ":8080").await.is_ok(), "the host may be left out");
}

#[tokio::test]
async fn calls_wait_for_the_listener_to_serve() {
    let memory = Memory::new();
    let listener = listen(&memory, "early").await.unwrap();
    let connection = dial(&memory, "early").await.unwrap();
    let early = tokio::spawn(connection.dispatch(request("early")));
    tokio::task::yield_now().await;
    assert!(!early.is_finished());
    let stop = Shutdown::new();
    // What came in before it served was accepted, so it is answered though the listener stops at once.
    stop.fire();
    let served = tokio::spawn(listener.serve(echo(), stop));
    assert_eq!(text(early.await.unwrap().unwrap()), "early");
    served.await.unwrap().unwrap();

    let listener = listen(&memory, "never").await.unwrap();
    let connection = dial(&memory, "never").await.unwrap();
    let never = tokio::spawn(connection.dispatch(request("never")));
    tokio::task::yield_now().await;
    drop(listener);
    let error = never.await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "nobody has seen it");
    assert_eq!(connection.state(), ConnectionState::Closed);
}

#[tokio::test]
async fn an_address_is_free_while_its_last_calls_are_answered() {
    let memory = Memory::new();
    let stop = Shutdown::new();
    let old = listen(&memory, "moving").await.unwrap();
    let connection = dial(&memory, "moving").await.unwrap();
    let gate = Shutdown::new();
    let opened = gate.clone();
    let app = service(move |_| {
        let opened = opened.fired();
        Call::boxed(async move {
            opened.await;
            Ok(Response::new(Body::One("old".into())))
        })
    });
    let old = tokio::spawn(old.serve(app, stop.clone()));
    let last = tokio::spawn(connection.dispatch(request("")));
    tokio::task::yield_now().await;
    stop.fire();
    connection.changed(ConnectionState::Ready).await;
    assert_eq!(connection.state(), ConnectionState::Draining);
    let new = listen(&memory, "moving").await.unwrap();
    gate.fire();
    assert_eq!(text(last.await.unwrap().unwrap()), "old");
    old.await.unwrap().unwrap();
    assert!(dial(&memory, "moving").await.is_ok(), "the end of the old listener is not that of the new one");
    assert_eq!(connection.state(), ConnectionState::Closed);
    drop(new);
}

/// Law 1 of `Dispatch`: memory polls handlers where their caller is, so that a call without streams needs no runtime.
#[test]
fn a_unary_call_needs_no_runtime() {
    let memory = Memory::new();
    let ready = |future: &mut (dyn Future<Output = ()> + Unpin)| {
        Future::poll(std::pin::Pin::new(future), &mut Context::from_waker(Waker::noop())).is_ready()
    };
    let mut served = Box::pin(async {
        let listener = listen(&memory, "here").await.unwrap();
        let _ = listener.serve(echo(), Shutdown::new()).await;
    });
    assert!(!ready(&mut served));
    let mut done = Box::pin(async {
        let connection = dial(&memory, "here").await.unwrap();
        assert_eq!(text(connection.dispatch(request("hello")).await.unwrap()), "hello");
        // A stream has to go on by itself, which takes a runtime: an error, not a panic.
        let mut streamed = request("");
        streamed.body = Body::Stream(BodyStream::empty());
        let error = connection.dispatch(streamed).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::FailedPrecondition, false));
    });
    assert!(ready(&mut done), "all of it is ready at the first poll");
}

#[tokio::test]
async fn handlers_end_with_the_listener_even_if_nobody_polls_their_calls() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let app = service(move |_| {
        let inside = Counted::new(&counted);
        Call::boxed(async move {
            let _inside = inside;
            pending().await
        })
    });
    let (connection, _, serving) = serve(app).await;
    tokio::task::yield_now().await;
    let mut call = connection.dispatch(request(""));
    poll_fn(|cx| {
        assert!(Future::poll(std::pin::Pin::new(&mut call), cx).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    serving.abort();
    assert!(serving.await.unwrap_err().is_cancelled());
    assert_eq!(count.load(Ordering::SeqCst), 0, "the handler is gone before its caller asks");
    assert_eq!(call.await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_reader_that_has_stopped_does_not_keep_a_handler_past_its_time() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let app = service(move |_| {
        let inside = Counted::new(&counted);
        let frames = std::iter::repeat_with(move || {
            let _ = &inside;
            Frame::Data(Bytes::from_static(&[0; 64 * 1024]))
        });
        Call::streaming(BodyStream::of(frames))
    });
    let (connection, _, _serving) = serve(app).await;
    let mut streamed = request("");
    streamed.body = Body::Stream(BodyStream::empty());
    streamed.head.deadline = Some(Deadline::after(Duration::from_millis(50)));
    let Body::Stream(mut answer) = connection.dispatch(streamed).await.unwrap().body else {
        panic!("no stream")
    };
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let ended = async {
        while count.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, ended).await.expect("the handler ends though nobody reads");
    let mut messages = 0;
    let error = loop {
        match answer.frame().await.expect("an error before the end") {
            Ok(_) => messages += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(messages <= 5, "{messages} messages of 64 KiB fit into a window of 256 KiB");
    assert!(answer.frame().await.is_none(), "nothing comes after an error");
}

/// Endpoints catch panics; a layer or a proxy may not, and then the task that polls it panics. Nothing is left behind.
#[tokio::test]
async fn a_service_that_panics_leaves_no_call_behind() {
    let app = service(|request| match request.body {
        Body::One(body) if body == "now" => panic!("in dispatch"),
        _ => Call::boxed(async { panic!("in the future") }),
    });
    let (connection, stop, serving) = serve(app).await;
    tokio::task::yield_now().await;
    for body in ["now", "later"] {
        assert!(tokio::spawn(connection.dispatch(request(body))).await.unwrap_err().is_panic());
    }
    stop.fire();
    timeout(SOON, serving).await.expect("no call is left to wait for").unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_travel_is_not_there() {
    let app = service(|request| {
        assert!(
            request.head.options.is_none() && request.head.account().is_none() && request.head.app.is_none()
        );
        let names = format!("{} {}", request.head.route, request.head.peer().unwrap().address);
        Call::ready(match request.body {
            Body::One(body) if body == "fail" => Err(Error::internal("x").with_source("local")),
            _ => Ok(Response::new(Body::One(names.into()))),
        })
    });
    let memory = Memory::new();
    let mut options = options();
    options.service = "named".to_owned();
    let listener = memory.listen(&address("here"), &options).await.unwrap();
    tokio::spawn(listener.serve(app, Shutdown::new()));
    let connection = dial(&memory, "here").await.unwrap();
    let mut unnamed = request("");
    unnamed.head.route = Route::new("", "A.B");
    unnamed.head.options = Some(Arc::default());
    assert_eq!(text(connection.dispatch(unnamed).await.unwrap()), "named/A.B caller-1");
    let other = dial(&memory, "here").await.unwrap();
    assert_eq!(text(other.dispatch(request("")).await.unwrap()), "service/Endpoint.Call caller-2");
    let error = other.dispatch(request("fail")).await.unwrap_err();
    assert!(std::error::Error::source(&error).is_none(), "{error:?}");
}

#[tokio::test]
async fn a_dropped_call_that_was_never_polled_is_no_call() {
    let (connection, stop, serving) = serve(service(|_| panic!("nobody asked"))).await;
    tokio::task::yield_now().await;
    let call = connection.dispatch(request(""));
    stop.fire();
    connection.changed(ConnectionState::Ready).await;
    assert!(!serving.is_finished(), "it may still be polled");
    drop(call);
    timeout(SOON, serving).await.expect("no call is left").unwrap().unwrap();
}
