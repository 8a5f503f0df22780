//! hyper in the benches: HTTP/1.1 with JSON, one call at a time on each connection. Its client calls whatever answers
//! `POST /Bench/Echo`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, answer, micros, spin};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// What is asked and answered.
#[derive(Serialize, Deserialize)]
struct Message {
    text: String,
}

const JSON: &str = "application/json";

async fn serve(request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let Message { text } = serde_json::from_slice(&body)?;
    match path.as_str() {
        "/Bench/Echo" => {}
        "/Bench/Yields" => tokio::task::yield_now().await,
        "/Bench/Compute" => spin(micros(&text)),
        _ => {
            let response = Response::builder().status(StatusCode::NOT_FOUND);
            return Ok(response.body(Full::default())?);
        }
    }
    let body = serde_json::to_vec(&Message { text: answer(&text) })?;
    Ok(Response::builder().header(CONTENT_TYPE, JSON).body(Full::new(body.into()))?)
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
                    let io = TokioIo::new(stream);
                    tokio::spawn(http1::Builder::new().serve_connection(io, service_fn(serve)));
                }
            }
        });
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let mut clients = Vec::new();
        for _ in 0..target.in_flight.max(target.connections) {
            let stream = TcpStream::connect(target.address).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            clients.push(Caller {
                sender: Arc::new(Mutex::new(sender)),
                host: target.address.to_string().into(),
            });
        }
        Ok(clients)
    }
}

/// A connection, with one who uses it at a time.
#[derive(Clone)]
struct Caller {
    sender: Arc<Mutex<SendRequest<Full<Bytes>>>>,
    host: Arc<str>,
}

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        let path = match ask {
            Ask::Echo => "/Bench/Echo",
            Ask::Yield => "/Bench/Yields",
            Ask::Compute => "/Bench/Compute",
        };
        let request = Request::builder().method(Method::POST).uri(path).header(HOST, &*self.host);
        let body = serde_json::to_vec(&Message { text })?;
        let request = request.header(CONTENT_TYPE, JSON).body(Full::new(body.into()))?;
        let mut sender = self.sender.lock().await;
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("status {}", response.status()).into());
        }
        let body = response.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice::<Message>(&body)?.text)
    }
}

fn main() -> ExitCode {
    bench_load::main::<Hyper>()
}
