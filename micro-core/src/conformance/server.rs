//! The laws of [`Server`].

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::app::{self, Seen};
use crate::{
    Address, Call, Caller, Client, Code, Dispatch, Error, Format, Listener, Request, Result, Server, Shutdown,
};

/// What a server says it can do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Promises {
    /// The format that it is called in.
    pub format: Format,
    /// A fixed address can be bound by one server only.
    pub exclusive: bool,
}

impl Promises {
    /// A server of addresses that one at a time can have, called in that format.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, exclusive: true }
    }

    /// Several servers can have one address.
    #[must_use]
    pub const fn shared(mut self) -> Self {
        self.exclusive = false;
        self
    }
}

/// Makes servers and connections for the laws.
pub struct Subject {
    /// Makes a server of an address, or of any free one.
    pub server: ServerAt,
    /// Makes a connection to an address.
    pub dial: Dial,
}

/// Makes a server of an address, or of any free one.
pub type ServerAt = Box<dyn Fn(Option<&Address>) -> Arc<dyn Server> + Send + Sync>;
/// Makes a connection to an address.
pub type Dial =
    Box<dyn Fn(Address) -> Pin<Box<dyn Future<Output = Result<Arc<dyn Dispatch>>> + Send>> + Send + Sync>;

impl Subject {
    /// Of a function that makes servers, and one that connects.
    #[must_use]
    pub fn new<F>(
        server: impl Fn(Option<&Address>) -> Arc<dyn Server> + Send + Sync + 'static,
        dial: impl Fn(Address) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Arc<dyn Dispatch>>> + Send + 'static,
    {
        Self { server: Box::new(server), dial: Box::new(move |address| Box::pin(dial(address))) }
    }

    async fn bound(&self) -> Box<dyn Listener> {
        (self.server)(None).bind().await.expect("a free address")
    }

    /// A server that serves.
    async fn serving(&self, format: Format) -> Serving {
        let listener = self.bound().await;
        let address = listener.addresses().first().expect("an address").clone();
        let (app, seen) = app::app("law", format);
        let stop = Shutdown::new();
        let task = tokio::spawn(listener.serve(app, stop.clone()));
        let client = self.client(&address, format).await;
        Serving { address, seen, stop, task, client }
    }

    async fn client(&self, address: &Address, format: Format) -> Client {
        let connection = (self.dial)(address.clone()).await.expect("a connection");
        Client::new(Arc::new(Direct(connection)), format).with_timeout(Duration::from_secs(20))
    }
}

impl Debug for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

struct Serving {
    address: Address,
    seen: Arc<Seen>,
    stop: Shutdown,
    task: tokio::task::JoinHandle<Result<()>>,
    client: Client,
}

impl Serving {
    /// A call that takes a while.
    fn slow(&self) -> tokio::task::JoinHandle<Result<String>> {
        let client = self.client.clone();
        tokio::spawn(async move { client.call(("law", "Law.Slow"), "kept".to_owned()).await })
    }
}

/// One connection as a client.
struct Direct(Arc<dyn Dispatch>);

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

/// What is bound can be dialled by the address that it says.
pub async fn bound_is_reachable<F: Future<Output = Subject>>(promises: Promises, make: impl FnOnce() -> F) {
    let subject = make().await;
    let serving = subject.serving(promises.format).await;
    assert_ne!(serving.address.port(), Some(0), "the port is the one that was taken");
    let answer: String =
        serving.client.call(("law", "Law.Echo"), "hello".to_owned()).await.expect("an answer");
    assert_eq!(answer, "hello");
}

/// A fixed address is taken once, and can be taken again when it is free.
pub async fn address_is_taken_once<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce() -> F,
) {
    let subject = make().await;
    let listener = subject.bound().await;
    let address = listener.addresses().first().expect("an address").clone();
    let second = (subject.server)(Some(&address)).bind().await;
    if !promises.exclusive {
        assert!(second.is_ok(), "it said that addresses are shared");
        return;
    }
    let error = second.err().expect("the address is taken");
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert!(error.detail().contains(address.as_str()), "the error names the address: {error}");
    drop(listener);
    (subject.server)(Some(&address)).bind().await.expect("the address is free again");
}

/// A call that runs when the server is told to stop is answered, and then the server ends.
pub async fn accepted_is_answered_on_stop<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce() -> F,
) {
    let subject = make().await;
    let serving = subject.serving(promises.format).await;
    let call = serving.slow();
    serving.seen.running(1).await;
    serving.stop.fire();
    assert_eq!(call.await.expect("the call's task").expect("what was accepted is answered"), "kept");
    serving.task.await.expect("the server's task").expect("it ended well");
}

/// A server that has stopped takes no calls, and no handler has seen those that come.
pub async fn stopped_takes_no_calls<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce() -> F,
) {
    let subject = make().await;
    let serving = subject.serving(promises.format).await;
    serving.stop.fire();
    serving.task.await.expect("the server's task").expect("it ended well");
    let late = async {
        let connection = (subject.dial)(serving.address.clone()).await?;
        let client =
            Client::new(Arc::new(Direct(connection)), promises.format).with_timeout(Duration::from_secs(5));
        client.call::<_, String>(("law", "Law.Echo"), "late".to_owned()).await
    };
    let error: Error = late.await.expect_err("nobody is there");
    assert_eq!((error.code(), error.reached()), (Code::Unavailable, false), "{error:?}");
}

/// A server that is dropped ends what runs, and its callers learn it at once.
pub async fn dropped_ends_everything<F: Future<Output = Subject>>(
    promises: Promises,
    make: impl FnOnce() -> F,
) {
    let subject = make().await;
    let serving = subject.serving(promises.format).await;
    let client = serving.client.clone();
    let call = tokio::spawn(async move { client.call::<_, ()>(("law", "Law.Hang"), ()).await });
    serving.seen.running(1).await;
    serving.task.abort();
    serving.seen.running(0).await;
    let ended = tokio::time::timeout(Duration::from_secs(10), call).await.expect("callers do not wait");
    let error = ended.expect("the call's task").expect_err("there is no answer");
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
}
