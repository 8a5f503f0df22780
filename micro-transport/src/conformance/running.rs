use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use micro_core::{
    Address, Body, Call, Caller, Client, Code, Deadline, Dispatch, Error, Formats, Head, Receiver, Request,
    Response, Result, Route, Shutdown,
};
use tokio::task::{JoinHandle, JoinSet};

use super::endpoints::{SERVICE, service};
use super::plain::SPOKEN;
use super::probe::Probe;
use super::{Fixture, Promises};
use crate::{Connection, DialOptions};

/// How long what should happen at once may take on a slow machine.
pub(super) const SOON: Duration = Duration::from_secs(5);

/// The service under test at work, and a connection to it.
pub(super) struct Running {
    pub(super) probe: Arc<Probe>,
    pub(super) address: Address,
    pub(super) stop: Shutdown,
    pub(super) connection: Arc<dyn Connection>,
    pub(super) fixture: Fixture,
    serving: JoinHandle<Result<()>>,
}

impl Running {
    /// Starts it.
    pub(super) async fn start(promises: &Promises, fixture: &Fixture) -> Self {
        let mut fixture = fixture.clone();
        fixture.listen.formats = Formats::new().with(SPOKEN);
        SERVICE.clone_into(&mut fixture.listen.service);
        fixture.listen.max_message = promises.max_message;
        fixture.dial.max_message = promises.max_message;
        let listener =
            fixture.transport.listen(&fixture.at, &fixture.listen).await.expect("an address to listen at");
        let address = listener.addresses().first().expect("the address that was taken").clone();
        let (probe, stop) = (Probe::new(), Shutdown::new());
        let serving = tokio::spawn(listener.serve(service(&probe), stop.clone()));
        let connection = dial(&fixture, &address, &fixture.dial).await;
        Self { probe, address, stop, connection, fixture, serving }
    }

    /// Starts it, if streams are promised; otherwise they must be refused.
    pub(super) async fn streaming(promises: &Promises, fixture: &Fixture) -> Option<Self> {
        let up = Self::start(promises, fixture).await;
        if promises.streams {
            return Some(up);
        }
        up.refuses_streams().await;
        None
    }

    async fn refuses_streams(&self) {
        let client = self.client();
        let (sender, answer) = client.client_stream::<Bytes, Bytes>(route("Probe.Total"));
        drop(sender);
        let (other, mut receiver) = client.bidirectional::<Bytes, Bytes>(route("Probe.Echoes"));
        drop(other);
        let one = client.server_stream::<Bytes, Bytes>(route("Probe.Count"), Bytes::from_static(b"3")).await;
        for (kind, result) in [
            ("client stream", answer.await.map(drop)),
            ("bidirectional stream", receiver.next().await.map(drop)),
            ("server stream", one.map(drop)),
        ] {
            let error = fails(result, Code::Unimplemented, kind);
            assert!(
                error.detail().contains("stream"),
                "the refusal of a {kind} says that it is one: {error}"
            );
        }
        self.answers().await;
    }

    /// A client over the connection, for streams.
    pub(super) fn client(&self) -> Client {
        Client::new(Arc::new(Direct(self.connection.clone())), SPOKEN)
    }

    /// A unary call of bytes.
    pub(super) fn call(&self, endpoint: &str, message: impl Into<Bytes>) -> Call {
        self.connection.dispatch(request(endpoint, message))
    }

    /// The same, with so much time.
    pub(super) fn call_within(&self, time: Duration, endpoint: &str) -> Call {
        let mut request = request(endpoint, Bytes::new());
        request.head.deadline = Some(Deadline::after(time));
        self.connection.dispatch(request)
    }

    /// The stream that an endpoint answers with.
    pub(super) async fn stream(&self, endpoint: &str, message: impl Into<Bytes>) -> Result<Receiver<Bytes>> {
        self.client().server_stream(route(endpoint), message.into()).await
    }

    /// The connection is as good as new.
    pub(super) async fn answers(&self) {
        let answer =
            bytes(self.call("Probe.Echo", "still here").await.expect("an answer on the same connection"));
        assert_eq!(answer, "still here");
    }

    /// Ends it without a word to its callers: the listener is dropped.
    pub(super) async fn die(&mut self) {
        self.serving.abort();
        let ended = within(SOON, "the end of a task that was aborted", &mut self.serving).await;
        assert!(ended.is_err_and(|error| error.is_cancelled()), "the listener served until now");
    }

    /// The service at the same address again, for as long as the task runs.
    pub(super) async fn start_again(&self) -> JoinSet<Result<()>> {
        let listener = within(SOON, "the address to be free", async {
            loop {
                match self.fixture.transport.listen(&self.address, &self.fixture.listen).await {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        });
        let listener = listener.await;
        assert_eq!(listener.addresses(), std::slice::from_ref(&self.address));
        let mut serving = JoinSet::new();
        serving.spawn(listener.serve(service(&self.probe), Shutdown::new()));
        serving
    }

    /// What `serve` returned.
    pub(super) async fn served(&mut self) -> Result<()> {
        within(SOON, "the return of `serve`", &mut self.serving).await.expect("`serve` does not panic")
    }

    /// A call on a new connection to the same address.
    pub(super) async fn call_anew(&self) -> Result<Response> {
        let connection = self.fixture.transport.dial(&self.address, &self.fixture.dial).await?;
        connection.dispatch(request("Probe.Echo", "anew")).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A caller that knows one connection.
struct Direct(Arc<dyn Connection>);

impl Dispatch for Direct {
    fn dispatch(&self, request: Request) -> Call {
        self.0.dispatch(request)
    }
}

impl Caller for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }
}

pub(super) async fn dial(fixture: &Fixture, address: &Address, options: &DialOptions) -> Arc<dyn Connection> {
    fixture.transport.dial(address, options).await.expect("a connection to a listener")
}

pub(super) fn route(endpoint: &str) -> Route {
    Route::new(SERVICE, endpoint)
}

pub(super) fn request(endpoint: &str, message: impl Into<Bytes>) -> Request {
    Request::new(Head::new(route(endpoint), SPOKEN), Body::One(message.into()))
}

/// The one message of an answer.
pub(super) fn bytes(response: Response) -> Bytes {
    match response.body {
        Body::One(bytes) => bytes,
        Body::Empty => Bytes::new(),
        Body::Stream(_) => panic!("an answer of one message came as a stream"),
    }
}

/// The error of a result, which must have this code.
pub(super) fn fails<T: Debug>(result: Result<T>, code: Code, what: &str) -> Error {
    match result {
        Ok(answer) => panic!("{what} must fail with {code}, and was answered: {answer:?}"),
        Err(error) => {
            assert_eq!(error.code(), code, "{what} must fail with {code}: {error:?}");
            error
        }
    }
}

/// What a future is ready with, which must not take longer than `limit`.
pub(super) async fn within<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} took longer than {limit:?}"),
    }
}
