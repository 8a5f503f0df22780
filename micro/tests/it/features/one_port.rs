//! One service on one port answers curl, HTTP/2 and the lane at the same time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use micro::registry::Memory;
use micro::transport::{Connection, DialOptions, Http, Transport};
use micro::{Body, Client, Context, Head, Request, Result, Route, Service, Settings, handler};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many calls each of the four makes, and how many of them at a time.
const CALLS: usize = 2_000;
const AT_ONCE: usize = 20;

struct Door;

#[handler]
impl Door {
    /// Says what it is told, and over what.
    async fn say(&self, ctx: &Context, text: String) -> Result<String> {
        if text.ends_with('7') {
            tokio::task::yield_now().await;
        }
        Ok(format!("{text} over {}", ctx.peer().map_or("", |peer| peer.protocol)))
    }
}

/// Makes the calls of one of them, some at a time.
async fn many<F: Future<Output = ()>>(call: impl Fn(usize) -> F) {
    join_all((0..AT_ONCE).map(|first| {
        let call = &call;
        async move {
            for number in (first..CALLS).step_by(AT_ONCE) {
                call(number).await;
            }
        }
    }))
    .await;
}

/// As curl does it: a connection for each call.
async fn by_curl(to: SocketAddr, number: usize) {
    let mut socket = TcpStream::connect(to).await.unwrap();
    let body = format!("\"curl {number}\"");
    let request = format!(
        "POST /Door/Say HTTP/1.1\r\nHost: {to}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&format!("\r\n\r\n\"curl {number} over http/1.1\"")), "{answer}");
}

/// By a connection of the transport that speaks one protocol.
async fn over(connection: &Arc<dyn Connection>, protocol: &str, number: usize) {
    let head = Head::new(Route::new("door", "Door.Say"), micro_codec::JSON);
    let body = Body::One(format!("\"{protocol} {number}\"").into());
    let response = connection.dispatch(Request::new(head, body)).await.unwrap();
    let Body::One(said) = response.body else { panic!("no message") };
    assert_eq!(said, format!("\"{protocol} {number} over {protocol}\""));
}

/// By name or by address, as users call.
async fn by_client(client: &Client, who: &str, number: usize) -> Result<String> {
    let said = client.call::<_, String>(("door", "Door.Say"), format!("{who} {number}")).await?;
    assert!(said.starts_with(&format!("{who} {number} over ")), "{said}");
    Ok(said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_http2_and_the_lane_at_the_same_time() -> Result<()> {
    let registry = Arc::new(Memory::new());
    let service = Service::new("door").settings(Settings::empty()).registry(registry.clone());
    let service = service.address("127.0.0.1:0").lame_duck(Duration::ZERO).handle_signals(false);
    let running = service.handle(Door).start().await?;
    running.registered().await;
    let address = running.addresses()[0].clone();
    let to = address.socket().unwrap();

    let mut options = DialOptions::default();
    options.protocols = vec!["h2".to_owned()];
    let http2 = Http.dial(&address, &options).await?;
    let named = Service::new("test").settings(Settings::empty()).registry(registry).build()?.client();
    let direct = named.with_address(address);
    let calls = async {
        tokio::join!(
            many(|number| by_curl(to, number)),
            many(|number| over(&http2, "h2", number)),
            many(|number| {
                let named = &named;
                async move {
                    assert!(by_client(named, "named", number).await.unwrap().ends_with("over lane"));
                }
            }),
            many(|number| {
                let direct = &direct;
                async move {
                    by_client(direct, "direct", number).await.unwrap();
                }
            }),
        )
    };
    tokio::time::timeout(Duration::from_secs(120), calls).await.expect("it hangs");
    // The first of them asked for it over HTTP/1.1.
    let said = try_join_all((0..AT_ONCE).map(|number| by_client(&direct, "direct", number))).await?;
    assert!(said.iter().all(|said| said.ends_with("over lane")), "{said:?}");
    running.stop().await
}
