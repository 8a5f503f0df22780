//! Calls of every kind at random, many at a time through both ends: each ends once and as it should, what it carries is
//! whole and in its order, and afterwards everything is as it was at the start.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use micro_core::{
    Address, Body, BodyStream, Call, Code, Deadline, Dispatch, Error, Frame, Head, Metadata, Peer, Request,
    Response, Result, Route, Shutdown, Source,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::Choppy;
use crate::ListenOptions;
use crate::http::{Serving, Socket};
use crate::lane::client::{self, Place, Setup};
use crate::lane::limits::Limits;
use crate::lane::random::Random;
use crate::lane::server;
use crate::news::News;

/// More than any call here takes, on any machine.
const LONG: Duration = Duration::from_secs(30);
/// How many calls run at a time, and how many there are with each seed.
const TOGETHER: u32 = 12;
const CALLS: usize = 120;

/// What a call does, on both sides.
#[derive(Clone, Debug)]
struct Script {
    kind: Kind,
    seed: u64,
    /// How many messages its stream has, or how often its handler lets others go first.
    count: usize,
    /// How long its message is.
    size: usize,
    /// After how many messages the side that reads them has enough.
    enough: Option<usize>,
    /// Whether it fails at its end.
    fails: bool,
    trailers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Unary,
    Down,
    Up,
    Both,
    Never,
}

const KINDS: [Kind; 5] = [Kind::Unary, Kind::Down, Kind::Up, Kind::Both, Kind::Never];

impl Script {
    fn new(random: &mut Random) -> Self {
        let kind = KINDS[random.below(KINDS.len())];
        Self {
            kind,
            seed: random.next(),
            count: random.below(20),
            size: random.size(18) + random.size(15),
            enough: (random.below(4) == 0).then(|| random.below(8)),
            fails: random.below(5) == 0,
            trailers: random.below(3) == 0,
        }
    }

    /// The message with this number, of a stream.
    fn message(&self, number: usize) -> Bytes {
        let seed = self.seed.wrapping_add(number as u64);
        bytes(seed, Random::new(seed).size(15))
    }

    fn head(&self) -> Head {
        let mut head = Head::new(Route::new("model", "Model.Run"), micro_codec::JSON);
        let Self { kind, seed, count, size, enough, fails, trailers } = self;
        let kind = KINDS.iter().position(|known| known == kind).unwrap();
        let enough = enough.map_or(-1, |enough| enough as i64);
        let script = format!("{kind} {seed} {count} {size} {enough} {} {}", *fails as u8, *trailers as u8);
        head.metadata.insert("script", script).unwrap();
        head
    }

    fn read(head: &Head) -> Self {
        let text = head.metadata.get("script").unwrap().to_owned();
        let fields: Vec<i128> = text.split(' ').map(|field| field.parse().unwrap()).collect();
        Self {
            kind: KINDS[fields[0] as usize],
            seed: fields[1] as u64,
            count: fields[2] as usize,
            size: fields[3] as usize,
            enough: usize::try_from(fields[4]).ok(),
            fails: fields[5] == 1,
            trailers: fields[6] == 1,
        }
    }

    fn error(&self) -> Error {
        Error::aborted(format!("{}", self.seed))
    }

    fn is_error(&self, error: &Error) -> bool {
        error.code() == Code::Aborted && error.detail() == self.seed.to_string()
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::new();
        if self.trailers {
            metadata.insert("seed", self.seed.to_string()).unwrap();
        }
        metadata
    }

    fn stream(&self, running: Option<Running>) -> BodyStream {
        BodyStream::new(Messages { script: self.clone(), next: 0, ended: false, _running: running })
    }
}

fn bytes(seed: u64, size: usize) -> Bytes {
    (0..size).map(|at| (seed as usize).wrapping_add(at.wrapping_mul(31)) as u8).collect()
}

/// The messages of a script, and its end.
struct Messages {
    script: Script,
    next: usize,
    ended: bool,
    _running: Option<Running>,
}

impl Source for Messages {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        let this = &mut *self;
        if this.next < this.script.count {
            if Random::new(this.script.seed ^ this.next as u64).below(4) == 0 && !this.ended {
                // Not at once.
                this.ended = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.ended = false;
            this.next += 1;
            return Poll::Ready(Some(Ok(Frame::Data(this.script.message(this.next - 1)))));
        }
        if std::mem::replace(&mut this.ended, true) {
            return Poll::Ready(None);
        }
        Poll::Ready(match (this.script.fails, this.script.trailers) {
            (true, _) => Some(Err(this.script.error())),
            (false, true) => Some(Ok(Frame::Trailers(this.script.metadata()))),
            (false, false) => None,
        })
    }
}

/// Counts a handler, or a stream that it answers with.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct App(Arc<AtomicUsize>);

impl Dispatch for App {
    fn dispatch(&self, request: Request) -> Call {
        let running = Running::new(&self.0);
        Call::boxed(async move { handle(request, running).await })
    }
}

async fn handle(Request { head, body }: Request, running: Running) -> Result<Response> {
    let script = Script::read(&head);
    match (script.kind, body) {
        (Kind::Unary, Body::One(message)) => {
            assert_eq!(message, bytes(script.seed, script.size));
            for _ in 0..script.count {
                yield_now().await;
            }
            if script.fails {
                return Err(script.error());
            }
            let mut response = Response::new(Body::One(bytes(!script.seed, script.size)));
            *response.trailers_mut() = script.metadata();
            Ok(response)
        }
        (Kind::Down, _) => Ok(Response::new(Body::Stream(script.stream(Some(running))))),
        (Kind::Up, Body::Stream(mut stream)) => {
            let read = read(&script, &mut stream, script.enough).await?;
            Ok(Response::new(Body::One(read.to_string().into())))
        }
        (Kind::Both, Body::Stream(stream)) => {
            Ok(Response::new(Body::Stream(BodyStream::new(Echo(stream, running)))))
        }
        (Kind::Never, _) => std::future::pending().await,
        (kind, body) => panic!("{kind:?} with {body:?}"),
    }
}

struct Echo(BodyStream, #[expect(dead_code, reason = "held while it runs")] Running);

impl Source for Echo {
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        self.0.poll_frame(cx)
    }
}

/// Reads a stream, all of it or so many messages. Says how many.
async fn read(script: &Script, stream: &mut BodyStream, enough: Option<usize>) -> Result<usize> {
    let mut read = 0;
    while enough.is_none_or(|enough| read < enough) {
        match stream.frame().await {
            Some(Ok(Frame::Data(message))) => {
                assert_eq!(message, script.message(read), "message {read} of {script:?}");
                read += 1;
            }
            Some(Ok(Frame::Trailers(trailers))) => {
                assert_eq!(trailers, script.metadata());
                assert!(script.trailers && !script.fails && read == script.count);
            }
            Some(Err(error)) => return Err(error),
            None => {
                assert!(!script.fails && read == script.count, "{read} messages of {script:?}");
                break;
            }
        }
        if read % 5 == 4 {
            yield_now().await;
        }
    }
    Ok(read)
}

/// Makes a call and sees how it goes. `patience` is after how many turns it is dropped.
async fn call(place: Place, script: Script, patience: Option<usize>) {
    let mut head = script.head();
    if script.kind == Kind::Never && patience.is_none() {
        head.deadline = Some(Deadline::after(Duration::from_millis(20)));
    }
    let body = match script.kind {
        Kind::Unary => Body::One(bytes(script.seed, script.size)),
        Kind::Down => Body::Empty,
        Kind::Never if script.trailers => Body::One(bytes(script.seed, script.size)),
        Kind::Never if script.fails => Body::Empty,
        Kind::Up | Kind::Both | Kind::Never => Body::Stream(script.stream(None)),
    };
    let answer = place.dispatch(&head, body);
    let Some(patience) = patience else { return check(&script, answer.await).await };
    let dropped = async {
        for _ in 0..patience {
            yield_now().await;
        }
    };
    tokio::select! {
        () = async { check(&script, answer.await).await } => {}
        () = dropped => {}
    }
}

async fn check(script: &Script, answer: Result<Response>) {
    match (script.kind, answer) {
        (Kind::Never, Err(error)) if error.code() == Code::DeadlineExceeded => {}
        // A stream that fails before its call is late fails it.
        (Kind::Never, Err(error)) => assert!(script.fails && script.is_error(&error), "{script:?}: {error}"),
        (Kind::Unary, Ok(response)) => {
            assert!(!script.fails, "{script:?}");
            assert_eq!(*response.trailers(), script.metadata());
            let Body::One(message) = response.body else { panic!("{script:?}") };
            assert_eq!(message, bytes(!script.seed, script.size), "{script:?}");
        }
        (Kind::Up, Ok(response)) => {
            let Body::One(message) = response.body else { panic!("{script:?}") };
            let read = script.enough.unwrap_or(script.count).min(script.count);
            assert_eq!(message, read.to_string(), "{script:?}");
        }
        (Kind::Down | Kind::Both, Ok(response)) => {
            let Body::Stream(mut stream) = response.body else { panic!("{script:?}") };
            if let Err(error) = read(script, &mut stream, script.enough).await {
                assert!(script.fails && script.is_error(&error), "{script:?}: {error}");
            }
        }
        (_, Err(error)) => assert!(script.fails && script.is_error(&error), "{script:?}: {error}"),
        (kind, answer) => panic!("{kind:?}: {answer:?}"),
    }
}

/// Small ones, so that everything has to wait for everything.
fn limits(max_calls: u32) -> Limits {
    Limits {
        max_calls,
        max_message: 1 << 20,
        max_frame: 16 * 1024,
        stream_window: 8 * 1024,
        connection_window: 48 * 1024,
        max_partial: 2,
        max_routes: 1,
        ..Limits::default()
    }
}

/// Calls with one seed over one lane.
async fn run<R, W>(seed: u64, reader: R, writer: W, theirs: impl Socket)
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let address = Address::new("127.0.0.1:1").unwrap();
    let (app, mut options) = (Arc::new(App::default()), ListenOptions::default());
    options.formats = micro_codec::formats();
    let places = options.max_calls;
    let serving = Serving::new(app.clone(), options, Shutdown::new());
    let peer = Peer::new(address.clone(), "");
    let own = limits(TOGETHER);
    let server = tokio::spawn(server::serve_as(own, serving.clone(), theirs, peer, BytesMut::new(), None));
    let (mut reader, mut writer, mut came) = (reader, writer, BytesMut::new());
    let own = limits(0);
    let peer = client::hello(&address, &own, &mut reader, &mut writer, &mut came).await.unwrap();
    let (keep_alive, keep_alive_timeout) = (LONG, LONG);
    let setup = Setup {
        address,
        own,
        peer,
        keep_alive,
        keep_alive_timeout,
        news: Arc::<News>::default(),
        first: None,
    };
    let session = client::start(setup, Box::new(reader), Box::new(writer), came);
    let (mut random, mut calls) = (Random::new(seed), JoinSet::new());
    for _ in 0..CALLS {
        until(|| session.standing().has_room(), "a place").await;
        let script = Script::new(&mut random);
        let patience = (random.below(4) == 0).then(|| random.size(6));
        let (told, place) = (format!("{script:?} {patience:?} of seed {seed}"), session.place());
        let call = timeout(LONG, call(place, script, patience));
        calls.spawn(async move { call.await.unwrap_or_else(|_| panic!("it hangs: {told}")) });
        if random.below(3) == 0 {
            yield_now().await;
        }
    }
    while let Some(call) = calls.join_next().await {
        call.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    until(|| session.standing().calls() == 0, "the last frames").await;
    until(|| app.0.load(Ordering::SeqCst) == 0, "the handlers").await;
    until(|| serving.calls.free() == places, "the permits").await;
    until(|| session.is_at_rest(), "rest").await;
    let is_gone = session.is_gone();
    drop(session);
    timeout(LONG, server).await.expect("the server's end stays").unwrap();
    until(is_gone, "an end of the client").await;
}

async fn until(is_so: impl Fn() -> bool, what: &str) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, waiting).await.unwrap_or_else(|_| panic!("there is never {what}"));
}

async fn over_wrapped_streams(seed: u64) {
    let (ours, theirs) = Choppy::pair(seed);
    let (reader, writer) = tokio::io::split(ours);
    run(seed, reader, writer, theirs).await;
}

async fn over_tcp(seed: u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (theirs, _) = listener.accept().await.unwrap();
    let (reader, writer) = ours.into_split();
    run(seed, reader, writer, theirs).await;
}

const SEEDS: u64 = 20;

#[tokio::test]
async fn calls_over_wrapped_streams() {
    for seed in 0..SEEDS {
        over_wrapped_streams(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn calls_over_wrapped_streams_on_threads() {
    for seed in 100..100 + SEEDS {
        over_wrapped_streams(seed).await;
    }
}

#[tokio::test]
async fn calls_over_tcp() {
    for seed in 200..200 + SEEDS {
        over_tcp(seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn calls_over_tcp_on_threads() {
    for seed in 300..300 + SEEDS {
        over_tcp(seed).await;
    }
}
