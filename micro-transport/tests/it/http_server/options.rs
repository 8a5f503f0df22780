//! Options with which nothing would work are refused, and those that mean "never" are taken.

use std::time::Duration;

use micro_core::{Address, Body, Code, Error, Head, Request, Route};
use micro_transport::{DialOptions, Http, ListenOptions, Memory, Transport};

use super::app::App;
use super::{LONG, Server, options};

/// A change of options, and the option that its error names.
type Case<O> = (&'static str, fn(&mut O));

fn refused(error: &Error, name: &str) {
    assert_eq!((error.code(), error.reached()), (Code::InvalidArgument, false), "{name}: {error}");
    let detail = error.detail();
    assert!(detail.contains(&format!("`{name}`")) && detail.contains("write"), "{name}: {error}");
}

#[tokio::test]
async fn a_server_with_which_nothing_would_work_does_not_listen() {
    let cases: [Case<ListenOptions>; 10] = [
        ("header_timeout", |options| options.header_timeout = Duration::ZERO),
        ("message_timeout", |options| options.message_timeout = Duration::ZERO),
        ("idle_timeout", |options| options.idle_timeout = Duration::ZERO),
        ("max_streams", |options| options.max_streams = 0),
        ("max_connections", |options| options.max_connections = 0),
        ("max_calls", |options| options.max_calls = 0),
        ("max_message", |options| options.max_message = 0),
        ("max_header", |options| options.max_header = 0),
        ("keep_alive_timeout", |options| options.keep_alive_timeout = Duration::ZERO),
        ("protocols", |options| {
            let protocols = &mut options.protocols;
            (protocols.http1, protocols.http2, protocols.lane) = (false, false, false);
        }),
    ];
    for (name, change) in cases {
        let mut options = options();
        change(&mut options);
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        refused(&Http::listen_on(socket, &options).err().expect(name), name);
        let at = Address::new("127.0.0.1:0").unwrap();
        refused(&Http.listen(&at, &options).await.err().expect(name), name);
        // Nor does one without sockets: the same options are wrong everywhere.
        refused(&Memory::new().listen(&at, &options).await.err().expect(name), name);
    }
    // That none are sent is no mistake, however long the answer to them may take.
    let mut options = options();
    (options.keep_alive, options.keep_alive_timeout) = (Duration::ZERO, Duration::ZERO);
    Server::with(options, &App::new()).await;
}

#[tokio::test]
async fn a_client_with_which_nothing_would_work_does_not_dial() {
    let cases: [Case<DialOptions>; 4] = [
        ("timeout", |options| options.timeout = Duration::ZERO),
        ("max_message", |options| options.max_message = 0),
        ("pool_size", |options| options.pool_size = 0),
        ("connections", |options| options.connections = 0),
    ];
    let server = Server::start().await;
    for (name, change) in cases {
        let mut options = DialOptions::default();
        change(&mut options);
        let to = server.address.into();
        refused(&Http.dial(&to, &options).await.err().expect(name), name);
        refused(&Memory::new().dial(&to, &options).await.err().expect(name), name);
    }
}

#[tokio::test]
async fn as_long_as_can_be_is_no_panic() {
    let mut options = options();
    for time in [
        &mut options.header_timeout,
        &mut options.message_timeout,
        &mut options.idle_timeout,
        &mut options.keep_alive,
        &mut options.keep_alive_timeout,
    ] {
        *time = Duration::MAX;
    }
    (options.max_calls, options.max_connections, options.max_streams) = (usize::MAX, usize::MAX, u32::MAX);
    (options.max_message, options.max_header) = (usize::MAX, 1024 * 1024);
    let server = Server::with(options, &App::new()).await;
    for protocol in ["http/1.1", "h2", "lane/1"] {
        let mut options = DialOptions::default();
        options.protocols = vec![protocol.to_owned()];
        for time in [
            &mut options.timeout,
            &mut options.pool_ttl,
            &mut options.keep_alive,
            &mut options.keep_alive_timeout,
        ] {
            *time = Duration::MAX;
        }
        (options.max_message, options.pool_size, options.connections) = (usize::MAX, usize::MAX, usize::MAX);
        let connection = Http.dial(&server.address.into(), &options).await.unwrap();
        let head = Head::new(Route::new("greeter", "Greeter.Hello"), micro_codec::JSON);
        let call = connection.dispatch(Request::new(head, Body::One(r#"{"name":"Ann"}"#.into())));
        let answer = tokio::time::timeout(LONG, call).await.expect("it hangs");
        assert!(matches!(answer.unwrap().body, Body::One(_)), "{protocol}");
    }
}

#[tokio::test]
async fn a_deadline_that_passes_here_names_what_was_called() {
    use super::raw::{ask, post};
    let server = Server::start().await;
    let wait = post("/Test/Wait", "Timeout: 50000000\r\nContent-Type: application/json\r\n", "{}");
    let error = ask(server.address, wait).await.error();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(error.detail().contains("waiting for the handler of greeter/Test.Wait"), "{error}");
}
