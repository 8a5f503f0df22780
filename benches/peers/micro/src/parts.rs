//! The parts of a call by themselves, for `bench-micro part NAME CALLS`: what each costs is the slope between two numbers
//! of calls, as it is for whole ones. A part of its own is a line in [`PARTS`].

use std::fmt::Debug;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use bench_load::Result;
use micro::registry::{Endpoint, Memory, Node, RegisterOptions, Registry};
use micro::selector::{Hint, P2c, Random, RoundRobin, Selector, Snapshot};
use micro::transport::{Connection, ConnectionState, DialOptions, ListenOptions, Transport};
use micro::{
    Address, App, Body, Call, Caller, Client, Dispatch, Format, Formats, Head, JSON, Listener, Message,
    Outcome, PROTOBUF, Request, Response, Route, Router, Service, Settings,
};

use crate::service::{Answer, Bench, Question};

/// The nodes that a selector has to choose from.
const NODES: u16 = 100;

type Part = fn(u64) -> Result;

/// Every part by its name.
const PARTS: &[(&str, Part)] = &[
    ("encode-protobuf", |calls| encode(PROTOBUF, calls)),
    ("decode-protobuf", |calls| decode(PROTOBUF, calls)),
    ("encode-json", |calls| encode(JSON, calls)),
    ("decode-json", |calls| decode(JSON, calls)),
    ("router", router),
    ("pick-random", |calls| pick(&Random::new(), calls)),
    ("pick-roundrobin", |calls| pick(&RoundRobin::new(), calls)),
    ("pick-p2c", |calls| pick(&P2c::new(), calls)),
    ("client-direct", |calls| client(false, calls)),
    ("client-found", |calls| client(true, calls)),
];

/// Does a part so many times.
pub(crate) fn run(name: &str, calls: &str) -> Result {
    let names = || PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let (_, part) = PARTS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| format!("there is no part `{name}`; there are {}", names()))?;
    part(calls.parse()?)
}

fn text() -> String {
    "x".repeat(16)
}

fn encode(format: Format, calls: u64) -> Result {
    let question = Question { text: text() };
    for _ in 0..calls {
        black_box(black_box(&question).to_bytes(format)?);
    }
    Ok(())
}

fn decode(format: Format, calls: u64) -> Result {
    let bytes = Question { text: text() }.to_bytes(format)?;
    for _ in 0..calls {
        black_box(Question::decode(format, black_box(&bytes).clone())?);
    }
    Ok(())
}

/// From a request to its answer, with the handler in it.
fn router(calls: u64) -> Result {
    let mut router = Router::new(Arc::new(App::new("bench", Formats::new().with(PROTOBUF))));
    router.handle(Bench)?;
    let route = Route::new("bench", "Bench.Echo");
    let bytes = Question { text: text() }.to_bytes(PROTOBUF)?;
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..calls {
        let request = Request::new(Head::new(route.clone(), PROTOBUF), Body::One(bytes.clone()));
        match pin!(router.dispatch(black_box(request))).poll(&mut context) {
            Poll::Ready(answer) => drop(black_box(answer?)),
            Poll::Pending => return Err("the handler was not ready at once".into()),
        }
    }
    Ok(())
}

/// The record of a service with many nodes.
fn record() -> Result<micro::registry::Service> {
    let mut service = micro::registry::Service::new("bench", "1").with_endpoint(Endpoint::new("Bench.Echo"));
    for number in 0..NODES {
        let address = Address::new(&format!("127.0.0.1:{}", 10_000 + number))?;
        service.nodes.push(Node::new(format!("bench-{number}"), address).with_metadata("micro", "h2"));
    }
    Ok(service)
}

fn pick(selector: &dyn Selector, calls: u64) -> Result {
    let nodes = Snapshot::from_services(None, &[record()?]);
    let hint = Hint::new("Bench.Echo");
    for _ in 0..calls {
        black_box(selector.pick(black_box(&nodes), &hint)?).done(Outcome::Ok);
    }
    Ok(())
}

/// A client whose calls are answered at once, without a transport: found among many nodes through a registry and a
/// selector, or without them. The difference is what discovery and selection cost.
fn client(found: bool, calls: u64) -> Result {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let instant = Arc::new(Instant { answer: Answer { text: bench_load::answer(&text()) } });
        let registry = Arc::new(Memory::new());
        registry.register(&record()?, &RegisterOptions::default()).await?;
        let service =
            Service::new("caller").settings(Settings::empty()).registry(registry).transport(instant.clone());
        let service = service.build()?;
        let client = if found { service.client() } else { Client::new(instant, PROTOBUF) };
        let client = client.with_format(PROTOBUF).with_timeout(Duration::from_secs(20));
        let route = Route::new("bench", "Bench.Echo");
        for _ in 0..calls {
            black_box(client.call::<_, Answer>(&route, Question { text: text() }).await?);
        }
        Ok(())
    })
}

/// A transport, its connections and a caller: all of them answer at once.
#[derive(Debug)]
struct Instant {
    answer: Answer,
}

impl Dispatch for Instant {
    fn dispatch(&self, request: Request) -> Call {
        drop(request);
        Call::ready(self.answer.to_bytes(PROTOBUF).map(|bytes| Response::new(Body::One(bytes))))
    }
}

impl Caller for Instant {
    fn name(&self) -> &'static str {
        "instant"
    }
}

#[async_trait]
impl Connection for Instant {
    fn state(&self) -> ConnectionState {
        ConnectionState::Ready
    }

    async fn changed(&self, _: ConnectionState) {
        std::future::pending().await
    }
}

#[async_trait]
impl Transport for Instant {
    fn name(&self) -> &'static str {
        "http"
    }

    async fn dial(&self, _: &Address, _: &DialOptions) -> micro::Result<Arc<dyn Connection>> {
        let text = self.answer.text.clone();
        Ok(Arc::new(Self { answer: Answer { text } }))
    }

    async fn listen(&self, _: &Address, _: &ListenOptions) -> micro::Result<Box<dyn Listener>> {
        Err(micro::Error::unimplemented("nobody is called here"))
    }
}
