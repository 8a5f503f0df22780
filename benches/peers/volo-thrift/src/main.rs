//! volo-thrift in the benches: its defaults, so a pool of connections with one call at a time on each.

use std::net::SocketAddr;
use std::process::ExitCode;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use tokio::net::TcpListener;
use volo::FastStr;
use volo::net::incoming::DefaultIncoming;
use volo_thrift::ServerError;

mod generated {
    include!(concat!(env!("OUT_DIR"), "/volo_gen.rs"));
}

use generated::volo_gen::bench as idl;

struct Service;

fn answered(question: &idl::Question) -> idl::Answer {
    idl::Answer { text: FastStr::from_string(answer(&question.text)) }
}

impl idl::Bench for Service {
    async fn echo(&self, question: idl::Question) -> Result<idl::Answer, ServerError> {
        Ok(answered(&question))
    }

    async fn yields(&self, question: idl::Question) -> Result<idl::Answer, ServerError> {
        tokio::task::yield_now().await;
        Ok(answered(&question))
    }

    async fn compute(&self, question: idl::Question) -> Result<idl::Answer, ServerError> {
        spin(micros(&question.text));
        Ok(answered(&question))
    }
}

struct Volo;

impl Peer for Volo {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(idl::BenchServer::new(Service).run(DefaultIncoming::from(listener)));
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let client = idl::BenchClientBuilder::new("bench").address(target.address).build();
        Ok(vec![Caller(client)])
    }
}

#[derive(Clone)]
struct Caller(idl::BenchClient);

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        let question = idl::Question { text: FastStr::from_string(text) };
        let answer = match ask {
            Ask::Echo => self.0.echo(question).await?,
            Ask::Yield => self.0.yields(question).await?,
            Ask::Compute => self.0.compute(question).await?,
        };
        Ok(answer.text.into_string())
    }
}

fn main() -> ExitCode {
    bench_load::main::<Volo>()
}
