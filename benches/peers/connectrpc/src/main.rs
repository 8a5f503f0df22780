//! connectrpc in the benches: the Connect protocol with protobuf over HTTP/2, its defaults.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use connectrpc::client::{ClientConfig, Http2Connection, SharedHttp2Connection};
use connectrpc::{RequestContext, Response, Router, Server, ServiceRequest, ServiceResult};
use tokio::net::TcpListener;

#[allow(missing_docs)]
mod proto {
    connectrpc::include_generated!();
}

use proto::bench::v1 as idl;

struct Service;

impl idl::Bench for Service {
    async fn echo(
        &self,
        _: RequestContext,
        question: ServiceRequest<'_, idl::Question>,
    ) -> ServiceResult<idl::Answer> {
        Response::ok(idl::Answer { text: answer(question.text), ..Default::default() })
    }

    async fn yields(
        &self,
        _: RequestContext,
        question: ServiceRequest<'_, idl::Question>,
    ) -> ServiceResult<idl::Answer> {
        tokio::task::yield_now().await;
        Response::ok(idl::Answer { text: answer(question.text), ..Default::default() })
    }

    async fn compute(
        &self,
        _: RequestContext,
        question: ServiceRequest<'_, idl::Question>,
    ) -> ServiceResult<idl::Answer> {
        spin(micros(question.text));
        Response::ok(idl::Answer { text: answer(question.text), ..Default::default() })
    }
}

struct Connect;

impl Peer for Connect {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().add_service(Arc::new(Service));
        tokio::spawn(Server::from_listener(listener).serve(router));
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let uri: http::Uri = format!("http://{}", target.address).parse()?;
        let mut clients = Vec::new();
        for _ in 0..target.connections {
            let connection = Http2Connection::connect_plaintext(uri.clone()).await?.shared(1024);
            clients.push(Caller(idl::BenchClient::new(connection, ClientConfig::new(uri.clone()))));
        }
        Ok(clients)
    }
}

#[derive(Clone)]
struct Caller(idl::BenchClient<SharedHttp2Connection>);

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        let question = idl::Question { text, ..Default::default() };
        let answer = match ask {
            Ask::Echo => self.0.echo(question).await?,
            Ask::Yield => self.0.yields(question).await?,
            Ask::Compute => self.0.compute(question).await?,
        };
        Ok(answer.into_owned().text)
    }
}

fn main() -> ExitCode {
    bench_load::main::<Connect>()
}
