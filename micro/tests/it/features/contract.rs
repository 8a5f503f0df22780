//! `#[handler]` on a trait.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use micro::{
    App, Call, Caller, Client, Code, Context, Dispatch, Error, Handler, Receiver, Request, Result, Router,
    Sender, handler,
};
use micro_codec::JSON;
use serde_json::{Value, json};

use super::direct::{client, router};

/// Greets people.
#[handler(service = "greetings")]
pub(crate) trait Greeter {
    /// Greets one.
    async fn hello(&self, ctx: &Context, name: String) -> Result<String>;

    #[endpoint(idempotent, name = "HowMany")]
    async fn count(&self) -> Result<Value>;

    async fn names(&self, count: Value, sender: Sender<String>) -> Result<()>;

    async fn longest(&self, receiver: Receiver<String>) -> Result<String, Shy>;

    async fn each(&self, receiver: Receiver<String>, sender: Sender<String>) -> Result<()>;

    /// One that implementations may leave out.
    async fn farewell(&self, name: String) -> Result<String> {
        let hello = self.prefix();
        Ok(format!("{hello} and bye {name}"))
    }

    fn prefix(&self) -> &'static str {
        "Hello"
    }
}

#[derive(Debug)]
pub(crate) struct Shy;

impl From<Shy> for Error {
    fn from(_: Shy) -> Self {
        Error::aborted("nobody spoke")
    }
}

#[derive(Default)]
struct Polite {
    calls: AtomicU32,
}

impl Greeter for Polite {
    async fn hello(&self, ctx: &Context, name: String) -> Result<String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(format!("{} {name} ({})", self.prefix(), ctx.route()))
    }

    async fn count(&self) -> Result<Value> {
        Ok(self.calls.load(Ordering::Relaxed).into())
    }

    async fn names(&self, count: Value, mut sender: Sender<String>) -> Result<()> {
        for number in 0..count.as_u64().unwrap_or(0) {
            sender.send(format!("name {number}")).await?;
        }
        Ok(())
    }

    async fn longest(&self, mut receiver: Receiver<String>) -> Result<String, Shy> {
        let mut longest: Option<String> = None;
        while let Ok(Some(name)) = receiver.next().await {
            if longest.as_ref().is_none_or(|longest| longest.len() < name.len()) {
                longest = Some(name);
            }
        }
        longest.ok_or(Shy)
    }

    async fn each(&self, mut receiver: Receiver<String>, mut sender: Sender<String>) -> Result<()> {
        while let Some(name) = receiver.next().await? {
            sender.send(name.to_uppercase()).await?;
        }
        Ok(())
    }
}

fn polite() -> GreeterClient {
    GreeterClient::new(client(greeter(Polite::default())), "test")
}

fn name_of<H: Handler>(_: &H) -> &'static str {
    H::NAME
}

#[test]
fn the_contract_is_a_handler() {
    let handler = greeter(Polite::default());
    assert_eq!(name_of(&handler), "Greeter");
    let router = router(handler);
    let names: Vec<_> = router.endpoints().iter().map(|endpoint| endpoint.name.to_string()).collect();
    assert_eq!(
        names,
        [
            "Greeter.Each",
            "Greeter.Farewell",
            "Greeter.Hello",
            "Greeter.HowMany",
            "Greeter.Longest",
            "Greeter.Names"
        ]
    );
    let described =
        router.endpoints().iter().map(|endpoint| endpoint.description.to_string()).collect::<String>();
    assert_eq!(described, "One that implementations may leave out.Greets one.");
}

#[tokio::test]
async fn typed_calls() {
    let greeter = polite();
    assert_eq!(greeter.hello("Jane".to_owned()).await.unwrap(), "Hello Jane (test/Greeter.Hello)");
    assert_eq!(greeter.farewell("Jane".to_owned()).await.unwrap(), "Hello and bye Jane");
    assert_eq!(greeter.count().await.unwrap(), json!(1));
}

#[tokio::test]
async fn typed_streams() {
    let greeter = polite();
    let mut names = greeter.names(json!(2)).await.unwrap();
    assert_eq!(names.next().await.unwrap().as_deref(), Some("name 0"));
    assert_eq!(names.next().await.unwrap().as_deref(), Some("name 1"));
    assert_eq!(names.next().await.unwrap(), None);

    let (mut sender, longest) = greeter.longest();
    let sending = async move {
        for name in ["Jo", "Jane", "Joe"] {
            sender.send(name.to_owned()).await.unwrap();
        }
    };
    assert_eq!(tokio::join!(sending, longest).1.unwrap(), "Jane");

    let (sender, longest) = greeter.longest();
    drop(sender);
    let error: Error = longest.await.unwrap_err();
    assert_eq!((error.code(), error.detail()), (Code::Aborted, "nobody spoke"));

    let (mut sender, mut each) = greeter.each();
    let sending = async move { sender.send("Jane".to_owned()).await };
    let (sent, answer) = tokio::join!(sending, each.next());
    sent.unwrap();
    assert_eq!(answer.unwrap().as_deref(), Some("JANE"));
    assert_eq!(each.next().await.unwrap(), None);
}

/// Notes what it is asked, and how.
struct Noting {
    router: Router,
    seen: Mutex<Vec<(String, bool, bool)>>,
}

struct Noted(Arc<Noting>);

impl Dispatch for Noted {
    fn dispatch(&self, request: Request) -> Call {
        let options = request.head.options.clone().unwrap_or_default();
        let seen = (request.head.route.to_string(), options.idempotent, request.head.deadline.is_some());
        self.0.seen.lock().unwrap().push(seen);
        self.0.router.dispatch(request)
    }
}

impl Caller for Noted {
    fn name(&self) -> &'static str {
        "noted"
    }
}

#[tokio::test]
async fn how_a_client_calls() {
    let mut router = Router::new(Arc::new(App::new("greetings", micro_codec::formats())));
    router.handle(greeter(Polite::default())).unwrap();
    let noting = Arc::new(Noting { router, seen: Mutex::default() });
    let client = Client::new(Arc::new(Noted(noting.clone())), JSON);

    assert_eq!(GreeterClient::SERVICE, "greetings");
    let greeter = GreeterClient::from(client);
    let hurried = greeter.with(|client| client.with_timeout(Duration::from_secs(60)));
    greeter.count().await.unwrap();
    greeter.farewell(String::new()).await.unwrap();
    hurried.count().await.unwrap();
    hurried.farewell(String::new()).await.unwrap();

    let seen = noting.seen.lock().unwrap().clone();
    let expected = [
        ("greetings/Greeter.HowMany", true, false),
        ("greetings/Greeter.Farewell", false, false),
        ("greetings/Greeter.HowMany", true, true),
        ("greetings/Greeter.Farewell", false, true),
    ];
    assert_eq!(seen, expected.map(|(route, idempotent, hurried)| (route.to_owned(), idempotent, hurried)));
}

/// A contract under another name, that is no public thing.
#[handler(name = "Clock")]
trait TimeService {
    async fn r#type(&self) -> Result<String>;

    #[cfg(any())]
    async fn never(&self) -> Result<Missing>;
}

struct Utc;

impl TimeService for Utc {
    async fn r#type(&self) -> Result<String> {
        Ok("UTC".to_owned())
    }
}

#[tokio::test]
async fn a_contract_under_another_name() {
    let handler = time_service(Utc);
    assert_eq!(name_of(&handler), "Clock");
    let clock = TimeServiceClient::new(client(handler), "test");
    assert_eq!(clock.r#type().await.unwrap(), "UTC");
    let debug = format!("{clock:?}");
    assert!(debug.contains("test/Clock.Type"), "{debug}");
}

#[tokio::test]
async fn clients_run_on_any_thread() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let greeter = polite();
    let called = sendable(async move { greeter.hello("Jane".to_owned()).await });
    assert!(tokio::spawn(called).await.unwrap().is_ok());
}
