//! The limit in the benches: tokio's sockets and nothing else. 16 bytes go there and 24 come back, one after the other
//! or as many at once as a stream is asked for.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use bench_load::{Arguments, Ask, Client, Peer, Result, Target, micros, unsupported};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// Bytes of a request, and of its answer.
const ASKED: usize = 16;
const ANSWERED: usize = 24;

struct Raw;

impl Peer for Raw {
    type Client = Caller;

    fn new(_: &Arguments) -> Result<Self> {
        Ok(Self)
    }

    async fn serve(&self) -> Result<SocketAddr> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_all(stream));
            }
        });
        Ok(address)
    }

    async fn connect(&self, target: Target) -> Result<Vec<Caller>> {
        let mut clients = Vec::new();
        for _ in 0..target.in_flight.max(target.connections) {
            let stream = TcpStream::connect(target.address).await?;
            stream.set_nodelay(true)?;
            clients.push(Caller(Arc::new(Mutex::new(stream))));
        }
        Ok(clients)
    }
}

/// Answers as many requests with one write as have come with one read.
async fn answer_all(mut stream: TcpStream) -> Result {
    stream.set_nodelay(true)?;
    let (mut buffer, mut answers, mut rest) = (vec![0; 64 * 1024], Vec::new(), 0);
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let bytes = rest + read;
        rest = bytes % ASKED;
        answers.clear();
        for _ in 0..bytes / ASKED {
            answers.extend_from_slice(&[b'a'; ANSWERED]);
        }
        stream.write_all(&answers).await?;
    }
}

/// A connection, with one who uses it at a time.
#[derive(Clone)]
struct Caller(Arc<Mutex<TcpStream>>);

impl Client for Caller {
    async fn call(&self, ask: Ask, text: String) -> Result<String> {
        if ask != Ask::Echo || text.len() != ASKED {
            return unsupported("handlers and no messages of other sizes");
        }
        let mut stream = self.0.lock().await;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = vec![0; ANSWERED];
        stream.read_exact(&mut answer).await?;
        Ok(String::from_utf8(answer)?)
    }

    /// So many requests with one write; not what a call of an RPC system could do, but what none can beat.
    async fn numbers(&self, text: String, mut seen: impl FnMut(u64) + Send) -> Result {
        let count = micros(&text);
        let mut stream = self.0.lock().await;
        stream.write_all(text.repeat(count as usize).as_bytes()).await?;
        let mut answers = vec![0; ANSWERED * count as usize];
        stream.read_exact(&mut answers).await?;
        seen(count);
        Ok(())
    }
}

fn main() -> ExitCode {
    bench_load::main::<Raw>()
}
