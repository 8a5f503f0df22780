//! hyper in the benches: HTTP/2 with protobuf, and nothing around it.

use std::net::SocketAddr;
use std::process::ExitCode;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message as _;
use tokio::net::{TcpListener, TcpStream};

/// What is asked and answered.
#[derive(Clone, PartialEq, prost::Message)]
struct Message {
    #[prost(string, tag = "1")]
    text: String,
}

const PROTOBUF: &str = "application/protobuf";

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let Message { text } = Message::decode(body)?;
    match path.as_str() {
        "/Bench/Echo" => {}
        "/Bench/Yields" => tokio::task::yield_now().await,
        "/Bench/Compute" => spin(micros(&text)),
        _ => {
            let response = Response::builder().status(StatusCode::NOT_FOUND);
            return Ok(response.body(Full::default())?);
        }
    }
    let body = Message { text: answer(&text) }.encode_to_vec();
    Ok(Response::builder().header(CONTENT_TYPE, PROTOBUF).body(Full::new(body.into()))?)
}

struct Hyper;

impl Peer for Hyper {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if stream.set_nodelay(true).is_ok() {
                    let server = http2::Builder::new(TokioExecutor::new());
                    tokio::spawn(server.serve_connection(TokioIo::new(stream), service_fn(serve)));
                }
            }
        });
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let uri = |path: &str| format!("http://{}/Bench/{path}", target.address).parse::<Uri>();
        let uris = [uri("Echo")?, uri("Yields")?, uri("Compute")?];
        let mut clients = Vec::new();
        for _ in 0..target.connections {
            let stream = TcpStream::connect(target.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            clients.push(Caller { sender, uris: uris.clone() });
        }
        Ok(clients)
    }
}

#[derive(Clone)]
struct Caller {
    sender: SendRequest<Full<Bytes>>,
    uris: [Uri; 3],
}

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        let uri = match ask {
            Ask::Echo => &self.uris[0],
            Ask::Yield => &self.uris[1],
            Ask::Compute => &self.uris[2],
        };
        let body = Message { text }.encode_to_vec();
        let request = Request::builder().method(Method::POST).uri(uri.clone()).header(CONTENT_TYPE, PROTOBUF);
        let mut sender = self.sender.clone();
        sender.ready().await?;
        let response = sender.send_request(request.body(Full::new(body.into()))?).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status()).into());
        }
        Ok(Message::decode(response.into_body().collect().await?.to_bytes())?.text)
    }
}

fn main() -> ExitCode {
    bench_load::main::<Hyper>()
}
