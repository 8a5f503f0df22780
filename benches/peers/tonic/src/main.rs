//! tonic in the benches: its defaults, and no metadata.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use tokio::net::TcpListener;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

use bench::bench_client::BenchClient;
use bench::bench_server::{Bench, BenchServer};

mod bench {
    include!(concat!(env!("OUT_DIR"), "/bench.Bench.rs"));
}

/// What is asked.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Question {
    /// 16 letters, or 64 KiB.
    #[prost(string, tag = "1")]
    pub text: String,
}

/// What is answered.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Answer {
    /// Eight letters more.
    #[prost(string, tag = "1")]
    pub text: String,
}

struct Service;

#[tonic::async_trait]
impl Bench for Service {
    async fn echo(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        Ok(Response::new(Answer { text: answer(&request.get_ref().text) }))
    }

    async fn yields(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        tokio::task::yield_now().await;
        Ok(Response::new(Answer { text: answer(&request.get_ref().text) }))
    }

    async fn compute(&self, request: Request<Question>) -> Result<Response<Answer>, Status> {
        spin(micros(&request.get_ref().text));
        Ok(Response::new(Answer { text: answer(&request.get_ref().text) }))
    }

    type NumbersStream = ReceiverStream<Result<Answer, Status>>;

    async fn numbers(&self, request: Request<Question>) -> Result<Response<Self::NumbersStream>, Status> {
        // A channel and a task, as tonic's own examples of streaming have it.
        let (sender, receiver) = tokio::sync::mpsc::channel(128);
        tokio::spawn(async move {
            let text = request.into_inner().text;
            for _ in 0..micros(&text) {
                if sender.send(Ok(Answer { text: answer(&text) })).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

struct Tonic;

impl Peer for Tonic {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        // What tonic does itself where it is given an address instead of a listener.
        let incoming = tokio_stream::StreamExt::map(TcpListenerStream::new(listener), |stream| {
            let stream = stream?;
            stream.set_nodelay(true)?;
            std::io::Result::Ok(stream)
        });
        tokio::spawn(Server::builder().add_service(BenchServer::new(Service)).serve_with_incoming(incoming));
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let mut clients = Vec::new();
        for _ in 0..target.connections {
            let endpoint = Endpoint::from_shared(format!("http://{}", target.address))?;
            let endpoint = endpoint.connect_timeout(Duration::from_secs(5));
            clients.push(Caller(BenchClient::new(endpoint.connect().await?)));
        }
        Ok(clients)
    }
}

#[derive(Clone)]
struct Caller(BenchClient<Channel>);

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        // Calls take the client by exclusive reference: users clone it.
        let (mut client, question) = (self.0.clone(), Question { text });
        let answer = match ask {
            Ask::Echo => client.echo(question).await?,
            Ask::Yield => client.yields(question).await?,
            Ask::Compute => client.compute(question).await?,
        };
        Ok(answer.into_inner().text)
    }

    async fn numbers(&self, text: String, mut seen: impl FnMut(u64) + Send) -> Result {
        let mut numbers = self.0.clone().numbers(Question { text }).await?.into_inner();
        while numbers.message().await?.is_some() {
            seen(1);
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    bench_load::main::<Tonic>()
}
