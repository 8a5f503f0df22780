//! `#[handler]` on an `impl` block.

use std::sync::atomic::{AtomicU32, Ordering};

use micro::{Client, Code, Context, Error, Handler, Kind, Receiver, Result, Sender, handler};
use micro_codec::{JSON, MSGPACK, PROTOBUF};
use serde_json::{Value, json};

use super::direct::{client, router, send};

#[derive(Default)]
struct Greeter {
    calls: AtomicU32,
}

#[derive(Debug)]
struct Rude;

impl From<Rude> for Error {
    fn from(_: Rude) -> Self {
        Error::permission_denied("not with that name").with_reason("RUDE")
    }
}

#[handler]
impl Greeter {
    /// Greets a person.
    ///
    /// Politely.
    async fn say_hello(&self, name: String) -> Result<String> {
        Ok(self.greeting(&name))
    }

    async fn nothing(&self, (): ()) -> Result<()> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    #[endpoint(name = "GetURL", idempotent)]
    async fn get_url(&self, ctx: &Context, request: Value) -> micro::Result<Value> {
        Ok(json!({ "endpoint": ctx.route().endpoint(), "for": request }))
    }

    /** What it was called with, by another type of error. */
    async fn refuse(&self, name: String) -> Result<String, Rude> {
        if name == "Jane" { Ok(name) } else { Err(Rude) }
    }

    async fn r#match(&self, ctx: &Context) -> std::io::Result<String> {
        std::fs::read_to_string(ctx.route().service()).map(|_| String::new())
    }

    #[endpoint(internal)]
    async fn explode(&self, how: String) -> Result<()> {
        assert_ne!(how, "now", "the secret is 42");
        Ok(())
    }

    async fn count(&self, to: Value, mut sender: Sender<Value>) -> Result<()> {
        for number in 1..=to.as_u64().unwrap_or(0) {
            sender.send(number.into()).await?;
        }
        if to.is_null() { Err(Error::invalid_argument("count to what?")) } else { Ok(()) }
    }

    async fn tick(&self, ctx: &Context, mut sender: Sender<String>) -> Result<()> {
        sender.send(ctx.route().endpoint().to_owned()).await
    }

    async fn sum(&self, mut receiver: Receiver<Value>) -> Result<Value> {
        let mut sum = 0;
        while let Some(number) = receiver.next().await? {
            sum += number.as_i64().ok_or_else(|| Error::invalid_argument("not a number"))?;
        }
        Ok(sum.into())
    }

    async fn chat(
        &self,
        _ctx: &Context,
        mut receiver: Receiver<String>,
        mut sender: Sender<String>,
    ) -> Result<()> {
        while let Some(name) = receiver.next().await? {
            sender.send(self.greeting(&name)).await?;
        }
        sender.send("bye".to_owned()).await
    }

    #[endpoint(spawn)]
    async fn spawned(&self) -> Result<Value> {
        Ok(json!(tokio::task::try_id().is_some()))
    }

    async fn in_place(&self) -> Result<Value> {
        Ok(json!(tokio::task::try_id().is_some()))
    }

    #[cfg(any())]
    async fn never(&self) -> Result<()> {
        this_is_not_compiled()
    }

    #[endpoint(skip)]
    async fn helper<T>(&self, value: T) -> T {
        tokio::task::yield_now().await;
        value
    }

    fn greeting(&self, name: &str) -> String {
        self.calls.fetch_add(1, Ordering::Relaxed);
        format!("Hello {name}")
    }
}

impl Greeter {
    async fn no_endpoint(&self) -> u32 {
        self.helper(self.calls.load(Ordering::Relaxed)).await
    }
}

fn greeter() -> Client {
    client(Greeter::default())
}

#[test]
fn endpoints_are_described() {
    let router = router(Greeter::default());
    let names: Vec<_> = router.endpoints().iter().map(|endpoint| endpoint.name.to_string()).collect();
    assert_eq!(
        names,
        [
            "Greeter.Chat",
            "Greeter.Count",
            "Greeter.Explode",
            "Greeter.GetURL",
            "Greeter.InPlace",
            "Greeter.Match",
            "Greeter.Nothing",
            "Greeter.Refuse",
            "Greeter.SayHello",
            "Greeter.Spawned",
            "Greeter.Sum",
            "Greeter.Tick",
        ]
    );
    let all = router.endpoints();
    let find = |name: &str| all.iter().find(|endpoint| endpoint.name == name).unwrap();
    assert_eq!(find("Greeter.SayHello").description, "Greets a person.\n\nPolitely.");
    assert_eq!(find("Greeter.Refuse").description, "What it was called with, by another type of error.");
    assert_eq!(find("Greeter.Sum").description, "");
    for (name, kind) in [
        ("Greeter.SayHello", Kind::Unary),
        ("Greeter.Count", Kind::ServerStream),
        ("Greeter.Tick", Kind::ServerStream),
        ("Greeter.Sum", Kind::ClientStream),
        ("Greeter.Chat", Kind::Bidirectional),
    ] {
        assert_eq!(find(name).kind, kind, "{name}");
    }
    assert!(find("Greeter.GetURL").idempotent && !find("Greeter.SayHello").idempotent);
    assert!(find("Greeter.Explode").internal && !find("Greeter.SayHello").internal);
    let schemas = (find("Greeter.Refuse").request, find("Greeter.Nothing").request);
    assert_eq!((schemas.0.name.as_str(), schemas.1.name.as_str()), ("String", "Empty"));
}

#[tokio::test]
async fn one_message_each_way() {
    let client = greeter();
    let answer: String = client.call(("test", "Greeter.SayHello"), "Jane".to_owned()).await.unwrap();
    assert_eq!(answer, "Hello Jane");
    let answer: Value = client.call(("test", "Greeter.GetURL"), json!([1])).await.unwrap();
    assert_eq!(answer, json!({ "endpoint": "Greeter.GetURL", "for": [1] }));
    client.call::<_, ()>(("test", "Greeter.Nothing"), ()).await.unwrap();
}

#[tokio::test]
async fn every_format_that_the_messages_have() {
    let client = greeter();
    for format in [JSON, MSGPACK, PROTOBUF] {
        let client = client.with_format(format);
        let answer: String = client.call(("test", "Greeter.SayHello"), "Jane".to_owned()).await.unwrap();
        assert_eq!(answer, "Hello Jane", "{format}");
    }
    let error = send(&router(Greeter::default()), "Greeter.GetURL", PROTOBUF, "").await.unwrap_err();
    assert_eq!((error.http(), error.reached()), (415, false));
    assert_eq!(
        error.detail(),
        "unsupported content type `application/protobuf` (spoken here: application/json, application/msgpack)"
    );
}

#[tokio::test]
async fn what_cannot_be_read_or_found_never_reaches_a_method() {
    let router = router(Greeter::default());
    let error = send(&router, "Greeter.SayHello", JSON, r#"{"name":"#).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::InvalidArgument, false));
    let error = send(&router, "Greeter.Never", JSON, "").await.unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::Unimplemented, "UNKNOWN_ENDPOINT"));
    assert!(error.detail().contains("Greeter.SayHello"), "{error}");
    let error = send(&router, "Greeter.Helper", JSON, "").await.unwrap_err();
    assert_eq!(error.reason(), "UNKNOWN_ENDPOINT");
}

#[tokio::test]
async fn methods_fail_with_what_they_like() {
    let client = greeter();
    let failed = client.call::<_, String>(("test", "Greeter.Refuse"), "Joe".to_owned()).await.unwrap_err();
    assert_eq!((failed.code(), failed.reason(), failed.id()), (Code::PermissionDenied, "RUDE", "test"));
    let failed = client.call::<_, String>(("test", "Greeter.Match"), ()).await.unwrap_err();
    assert_eq!((failed.code(), failed.detail()), (Code::Internal, "internal error"));
}

#[tokio::test]
async fn a_panic_is_an_error_that_tells_nothing() {
    let client = greeter();
    let failed = client.call::<_, ()>(("test", "Greeter.Explode"), "now".to_owned()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Internal);
    assert!(!failed.detail().contains("42"), "{failed}");
    client.call::<_, ()>(("test", "Greeter.Explode"), "later".to_owned()).await.unwrap();
}

#[tokio::test]
async fn a_stream_of_answers() {
    let client = greeter();
    let mut numbers: Receiver<Value> =
        client.server_stream(("test", "Greeter.Count"), json!(3)).await.unwrap();
    for number in 1..=3 {
        assert_eq!(numbers.next().await.unwrap(), Some(json!(number)));
    }
    assert_eq!(numbers.next().await.unwrap(), None);

    let failed = client.server_stream::<_, Value>(("test", "Greeter.Count"), json!(null)).await.unwrap_err();
    assert_eq!((failed.code(), failed.detail()), (Code::InvalidArgument, "count to what?"));

    let mut ticks: Receiver<String> = client.server_stream(("test", "Greeter.Tick"), ()).await.unwrap();
    assert_eq!(ticks.next().await.unwrap().as_deref(), Some("Greeter.Tick"));
    assert_eq!(ticks.next().await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_of_requests() {
    let (mut sender, answer) = greeter().client_stream::<Value, Value>(("test", "Greeter.Sum"));
    let sending = async move {
        for number in 1..=10 {
            sender.send(number.into()).await.unwrap();
        }
    };
    let ((), sum) = tokio::join!(sending, answer);
    assert_eq!(sum.unwrap(), json!(55));

    let (mut sender, answer) = greeter().client_stream::<Value, Value>(("test", "Greeter.Sum"));
    let sending = async move { sender.send(json!("ten")).await };
    let (_, failed) = tokio::join!(sending, answer);
    assert_eq!(failed.unwrap_err().detail(), "not a number");
}

#[tokio::test]
async fn a_stream_each_way() {
    let (mut sender, mut answers) = greeter().bidirectional::<String, String>(("test", "Greeter.Chat"));
    let sending = async move {
        for name in ["Jane", "Joe"] {
            sender.send(name.to_owned()).await.unwrap();
        }
    };
    let receiving = async {
        let mut all = Vec::new();
        while let Some(answer) = answers.next().await.unwrap() {
            all.push(answer);
        }
        all
    };
    let ((), all) = tokio::join!(sending, receiving);
    assert_eq!(all, ["Hello Jane", "Hello Joe", "bye"]);
}

#[tokio::test]
async fn a_task_of_its_own_where_it_is_asked_for() {
    let client = greeter();
    // The test itself is no task.
    assert_eq!(tokio::task::try_id(), None);
    let spawned: Value = client.call(("test", "Greeter.Spawned"), ()).await.unwrap();
    let in_place: Value = client.call(("test", "Greeter.InPlace"), ()).await.unwrap();
    assert_eq!((spawned, in_place), (json!(true), json!(false)));
}

#[tokio::test]
async fn the_block_is_as_it_was() {
    let greeter = Greeter::default();
    assert_eq!(greeter.say_hello("you".to_owned()).await.unwrap(), "Hello you");
    greeter.nothing(()).await.unwrap();
    assert_eq!(greeter.no_endpoint().await, 2);
}

trait Store: Send + Sync + 'static {
    fn load(&self, key: String) -> String;
}

struct Upper;

impl Store for Upper {
    fn load(&self, key: String) -> String {
        key.to_uppercase()
    }
}

struct Stored<S>(S);

#[handler(name = "Storage", internal)]
impl<S: Store> Stored<S>
where
    S: Clone,
{
    // Its name is one that `Arc` has a method of.
    async fn clone(&self, key: String) -> Result<String> {
        Ok(self.0.load(key))
    }
}

impl Clone for Upper {
    fn clone(&self) -> Self {
        Self
    }
}

#[tokio::test]
async fn a_generic_handler_under_another_name() {
    assert_eq!(<Stored<Upper> as Handler>::NAME, "Storage");
    assert!(router(Stored(Upper)).endpoints().iter().all(|endpoint| endpoint.internal));
    let answer: String =
        client(Stored(Upper)).call(("test", "Storage.Clone"), "key".to_owned()).await.unwrap();
    assert_eq!(answer, "KEY");
}

/// What handlers are made by, once per type.
macro_rules! echo {
    ($name:ident, $message:ty, $answer:ty) => {
        struct $name;

        #[handler]
        impl $name {
            async fn echo(&self, message: $message) -> $answer {
                Ok(message)
            }
        }
    };
}

echo!(Texts, String, Result<String>);
echo!(Values, Value, Result<Value, Rude>);

#[tokio::test]
async fn handlers_of_other_macros() {
    let text: String = client(Texts).call(("test", "Texts.Echo"), "a".to_owned()).await.unwrap();
    let value: Value = client(Values).call(("test", "Values.Echo"), json!(1)).await.unwrap();
    assert_eq!((text.as_str(), value), ("a", json!(1)));
}
