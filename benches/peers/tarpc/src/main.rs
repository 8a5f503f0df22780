//! tarpc in the benches: bincode over TCP, its defaults, which have a deadline and a trace context on every call.

use std::net::SocketAddr;
use std::process::ExitCode;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use futures::StreamExt;
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::{Framed, LengthDelimitedCodec};
use tarpc::{client, context, serde_transport};
use tokio::net::{TcpListener, TcpStream};

/// The endpoints.
#[tarpc::service]
trait Bench {
    async fn echo(text: String) -> String;
    async fn yields(text: String) -> String;
    async fn compute(text: String) -> String;
}

#[derive(Clone)]
struct Service;

impl Bench for Service {
    async fn echo(self, _: context::Context, text: String) -> String {
        answer(&text)
    }

    async fn yields(self, _: context::Context, text: String) -> String {
        tokio::task::yield_now().await;
        answer(&text)
    }

    async fn compute(self, _: context::Context, text: String) -> String {
        spin(micros(&text));
        answer(&text)
    }
}

struct Tarpc;

impl Peer for Tarpc {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                let framed = Framed::new(stream, LengthDelimitedCodec::new());
                let channel = BaseChannel::with_defaults(serde_transport::new(framed, Bincode::default()));
                tokio::spawn(channel.execute(Service.serve()).for_each(|response| async move {
                    tokio::spawn(response);
                }));
            }
        });
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let mut clients = Vec::new();
        for _ in 0..target.connections {
            let stream = TcpStream::connect(target.address).await?;
            stream.set_nodelay(true)?;
            let framed = Framed::new(stream, LengthDelimitedCodec::new());
            let transport = serde_transport::new(framed, Bincode::default());
            clients.push(Caller(BenchClient::new(client::Config::default(), transport).spawn()));
        }
        Ok(clients)
    }
}

#[derive(Clone)]
struct Caller(BenchClient);

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        let context = context::current();
        Ok(match ask {
            Ask::Echo => self.0.echo(context, text).await?,
            Ask::Yield => self.0.yields(context, text).await?,
            Ask::Compute => self.0.compute(context, text).await?,
        })
    }
}

fn main() -> ExitCode {
    bench_load::main::<Tarpc>()
}
