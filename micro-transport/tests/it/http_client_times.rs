//! The times that travel: how long a caller waits, and when to come back.

use std::sync::Arc;
use std::time::Duration;

use micro_core::{Address, Call, Code, Dispatch, Error, Request};
use micro_transport::{DialOptions, Http, ListenOptions, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http_client::{Raw, answering, dial, h2, read_request, request, request_within, soon};
use super::http_client_http2::serve;

/// A service that has no time.
#[derive(Debug)]
struct Busy(Option<Duration>);

impl Dispatch for Busy {
    fn dispatch(&self, _: Request) -> Call {
        let error = Error::resource_exhausted("busy");
        Call::ready(Err(match self.0 {
            Some(time) => error.with_retry_after(time),
            None => error,
        }))
    }
}

#[tokio::test]
async fn when_to_come_back_travels() {
    for (time, header) in [(Some(Duration::from_millis(1250)), Some("2")), (None, None)] {
        let mut options = ListenOptions::default();
        options.formats = micro_codec::formats();
        options.service = "greeter".to_owned();
        let listener = Http.listen(&Address::new("127.0.0.1:0").unwrap(), &options).await.unwrap();
        let address = listener.addresses()[0].socket().unwrap();
        let serving = tokio::spawn(listener.serve(Arc::new(Busy(time)), micro_core::Shutdown::new()));
        for options in [DialOptions::default(), h2()] {
            let connection = dial(address, &options).await;
            let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
            assert_eq!((error.code(), error.retry_after()), (Code::ResourceExhausted, time));
        }
        // To people with curl, and to what is in between.
        for (path, lines, status) in
            [("/Greeter/Hello", "", "429"), ("/", "Micro-Endpoint: Greeter.Hello\r\n", "200")]
        {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            soon(stream.read_to_string(&mut answer)).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            let line = answer
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("retry-after: ").map(str::to_owned));
            assert_eq!(line.as_deref(), header, "{answer}");
        }
        serving.abort();
    }
}

#[tokio::test]
async fn when_to_come_back_is_read_of_anybody() {
    for (lines, time) in [
        ("503 Service Unavailable\r\nRetry-After: 7", Some(7000)),
        ("429 Too Many Requests\r\nRetry-After: 86400", Some(300_000)),
        (
            "503 Service Unavailable\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2015 07:28:09 GMT",
            Some(9000),
        ),
        ("503 Service Unavailable", None),
        (
            r#"200 OK
Retry-After: 3
Micro-Error: {"code":503,"detail":"full"}"#,
            Some(3000),
        ),
        (
            r#"200 OK
Retry-After: 3
Micro-Error: {"code":503,"detail":"full","retry_after_ms":250}"#,
            Some(250),
        ),
    ] {
        let lines = lines.replace("\r\n", "\n").replace('\n', "\r\n");
        let server = answering(format!("HTTP/1.1 {lines}\r\nContent-Length: 0\r\n\r\n")).await;
        let connection = dial(server.address, &DialOptions::default()).await;
        let error = soon(connection.dispatch(request("{}"))).await.unwrap_err();
        assert_eq!(error.retry_after(), time.map(Duration::from_millis), "{lines}");
    }
}

#[tokio::test]
async fn who_is_called_has_less_time_than_its_caller() {
    let http1 = Raw::start(|mut stream, _| async move {
        while let Some((head, _)) = read_request(&mut stream).await {
            let told = head.lines().find_map(|line| line.strip_prefix("Timeout: ")).unwrap();
            super::http_client::write_answer(&mut stream, told).await;
        }
    })
    .await;
    let http2 = Raw::start(|stream, _| {
        serve(stream, |request, mut respond| async move {
            let told = request.headers()["timeout"].clone();
            let answer =
                http::Response::builder().header("content-type", "application/json").body(()).unwrap();
            let mut sender = respond.send_response(answer, false).unwrap();
            sender.send_data(bytes::Bytes::copy_from_slice(told.as_bytes()), true).unwrap();
        })
    })
    .await;
    for (server, options) in [(&http1, DialOptions::default()), (&http2, h2())] {
        let connection = dial(server.address, &options).await;
        for (time, margin) in [(20_000, 5), (40, 4)] {
            let time = Duration::from_millis(time);
            // The shorter time may be over before the answer is there, on a machine that does something else.
            let Ok(response) = soon(connection.dispatch(request_within("{}", time))).await else { continue };
            let told = super::http_client::text(&response).parse().map(Duration::from_nanos).unwrap();
            // Less than what was left then, of which nobody knows more than that it was no more than all.
            assert!(told < time - Duration::from_millis(margin) * 9 / 10, "{told:?} of {time:?}");
            assert!(told > Duration::ZERO);
        }
    }
}
