use std::future::{pending, poll_fn};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use super::glue::{Place, bidirectional, client_stream, server_stream, unary};
use super::*;
use crate::testing::JSON;
use crate::{
    App, Body, BodyStream, Call, Code, Context, Error, Formats, Frame, Head, Metadata, Receiver, Request,
    Result, Route, Sender, stream,
};

mod logged;

/// A router with one endpoint, `Test.It`.
fn router(endpoint: Endpoint) -> Router {
    let mut router = Router::new(Arc::new(App::new("test", Formats::new().with(JSON))));
    router.endpoint(endpoint).unwrap();
    router
}

fn call(endpoint: Endpoint, body: impl Into<Body>) -> Call {
    router(endpoint).dispatch(Request::new(Head::new(Route::new("test", "Test.It"), JSON), body.into()))
}

fn json(text: &'static str) -> Body {
    Body::One(Bytes::from_static(text.as_bytes()))
}

async fn one(call: Call) -> Result<Bytes> {
    match call.await?.body {
        Body::One(bytes) => Ok(bytes),
        other => panic!("{other:?}"),
    }
}

async fn many(call: Call) -> Result<BodyStream> {
    match call.await?.body {
        Body::Stream(stream) => Ok(stream),
        other => panic!("{other:?}"),
    }
}

/// The next frame of a stream: a message's bytes, `=trailer`, `!code`, or nothing.
async fn next(stream: &mut BodyStream) -> String {
    match stream.frame().await {
        Some(Ok(Frame::Data(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
        Some(Ok(Frame::Trailers(trailers))) => format!("={}", trailers.get("x").unwrap()),
        Some(Err(error)) => format!("!{}", error.code()),
        None => String::new(),
    }
}

fn trailers(value: &str) -> Metadata {
    let mut metadata = Metadata::new();
    metadata.insert("x", value).unwrap();
    metadata
}

/// Counts the handlers that live.
#[derive(Default)]
struct Living(AtomicUsize);

struct Alive(Arc<Living>);

impl Living {
    fn enter(self: &Arc<Self>) -> Alive {
        self.0.fetch_add(1, Ordering::SeqCst);
        Alive(self.clone())
    }
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
    async fn becomes(&self, count: usize) {
        let done = async {
            while self.count() != count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), done).await.expect("handlers start and end at once");
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn nothing() -> Arc<()> {
    Arc::new(())
}

#[tokio::test]
async fn a_message_there_and_one_back() {
    let greet = |place| {
        unary("Test.It", place, &nothing(), |_, _, name: String| async move { Ok(format!("Hello {name}")) })
    };
    for place in [Place::Here, Place::Spawned] {
        assert_eq!(one(call(greet(place), json("\"Jane\""))).await.unwrap(), "\"Hello Jane\"");
        let error = one(call(greet(place), json("{"))).await.unwrap_err();
        assert_eq!((error.code(), error.reached()), (Code::InvalidArgument, false));
    }
    let error = one(call(greet(Place::Here), Body::Stream(BodyStream::empty()))).await.unwrap_err();
    assert_eq!((error.code(), error.reached()), (Code::InvalidArgument, false));
    assert!(error.detail().contains("Test.It"), "{error}");
}

#[tokio::test]
async fn no_body_is_a_message_without_bytes() {
    let endpoint = unary("Test.It", Place::Here, &nothing(), |_, _, (): ()| async { Ok(()) });
    assert_eq!(one(call(endpoint, Body::Empty)).await.unwrap(), "{}");
}

#[tokio::test]
async fn what_the_messages_cannot_be_written_in_is_refused() {
    let raw = logged::raw();
    let endpoint =
        unary("Test.It", Place::Here, &nothing(), |_, _, value: serde_json::Value| async { Ok(value) });
    assert!(!(endpoint.speaks)(raw) && (endpoint.speaks)(JSON));
    let mut router = Router::new(Arc::new(App::new("test", Formats::new().with(raw).with(JSON))));
    router.endpoint(endpoint).unwrap();
    let request = Request::new(Head::new(Route::new("test", "Test.It"), raw), json("1"));
    let error = router.dispatch(request).await.unwrap_err();
    assert_eq!((error.http(), error.reached()), (415, false));
    assert!(error.detail().ends_with("(spoken here: application/json)"), "{error}");
}

#[tokio::test]
async fn endpoints_are_found_by_name() {
    let named = |name| unary(name, Place::Here, &nothing(), |_, _, (): ()| async { Ok(()) });
    let mut router = Router::new(Arc::new(App::new("greeter", Formats::new().with(JSON))));
    let call = |router: &Router, endpoint| {
        router.dispatch(Request::new(Head::new(Route::new("greeter", endpoint), JSON), Body::Empty))
    };
    let error = call(&router, "Greeter.Hello").await.unwrap_err();
    assert!(error.detail().ends_with("(it has: none)"), "{error}");

    router.endpoint(named("Greeter.Hello")).unwrap();
    router.endpoint(named("Greeter.Bye")).unwrap();
    let error = router.endpoint(named("Greeter.Bye")).unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    call(&router, "Greeter.Hello").await.unwrap();
    let error = call(&router, "Greeter.Nope").await.unwrap_err();
    assert_eq!(
        error.detail(),
        "service `greeter` has no endpoint `Greeter.Nope` (it has: Greeter.Bye, Greeter.Hello)"
    );
    assert_eq!((error.code(), error.http(), error.reached()), (Code::Unimplemented, 404, false));
    assert_eq!((error.reason(), error.id()), ("UNKNOWN_ENDPOINT", "greeter"));

    for name in
        ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"]
    {
        router.endpoint(named(name)).unwrap();
    }
    let long = "x".repeat(100_000);
    let error = call(&router, &long).await.unwrap_err();
    assert!(error.detail().ends_with(" and 2 more)") && error.detail().len() < 1_000, "{error}");

    let misdirected =
        || router.dispatch(Request::new(Head::new(Route::new("test", "Greeter.Hello"), JSON), Body::Empty));
    let error = misdirected().await.unwrap_err();
    assert_eq!((error.code(), error.http(), error.reached()), (Code::Unavailable, 421, false));
    assert_eq!(error.detail(), "this is service `greeter`, not `test`");

    // A fallback has what is not here: other endpoints, and other services.
    let mut rest = Router::new(Arc::new(App::new("greeter", Formats::new().with(JSON))));
    rest.endpoint(named("Greeter.Nope")).unwrap();
    router.fallback(Arc::new(rest));
    call(&router, "Greeter.Nope").await.unwrap();
    router.fallback(Arc::new(self::router(named("Greeter.Hello"))));
    router
        .dispatch(Request::new(Head::new(Route::new("test", "Greeter.Hello"), JSON), Body::Empty))
        .await
        .unwrap();
}

#[tokio::test]
async fn one_message_there_and_many_back() {
    for place in [Place::Here, Place::Spawned] {
        let count = server_stream(
            "Test.It",
            place,
            &nothing(),
            |_, _, count: String, mut sender: Sender<String>| async move {
                for i in 0..count.len() {
                    sender.send(i.to_string()).await?;
                }
                Ok(())
            },
        );
        let mut stream = many(call(count, json("\"abc\""))).await.unwrap();
        for expected in ["\"0\"", "\"1\"", "\"2\"", "", ""] {
            assert_eq!(next(&mut stream).await, expected);
        }
    }
}

#[tokio::test]
async fn many_messages_there_and_one_back() {
    let join = client_stream(
        "Test.It",
        Place::Here,
        &nothing(),
        |_, _, mut receiver: Receiver<String>| async move {
            let mut joined = String::new();
            while let Some(text) = receiver.next().await? {
                joined.push_str(&text);
            }
            Ok(joined)
        },
    );
    let frames = ["\"a\"", "\"b\""].map(|text| Frame::Data(Bytes::from_static(text.as_bytes())));
    assert_eq!(one(call(join.clone(), Body::Stream(BodyStream::of(frames)))).await.unwrap(), "\"ab\"");
    assert_eq!(
        one(call(join.clone(), json("\"one\""))).await.unwrap(),
        "\"one\"",
        "one message is a stream of one"
    );
    assert_eq!(one(call(join, Body::Empty)).await.unwrap(), "\"\"");
}

#[tokio::test]
async fn both_ways_at_once() {
    let echo = |_: Arc<()>, _, mut receiver: Receiver<String>, mut sender: Sender<String>| async move {
        while let Some(text) = receiver.next().await? {
            sender.send(text).await?;
        }
        sender.send("bye".to_owned()).await
    };
    for place in [Place::Here, Place::Spawned] {
        let (mut sender, body) = stream::channel::<String>(JSON);
        let mut answer = call(bidirectional("Test.It", place, &nothing(), echo), Body::Stream(body));
        sender.send("0".to_owned()).await.unwrap();
        let Body::Stream(mut stream) = (&mut answer).await.unwrap().body else { panic!("no stream") };
        assert_eq!(next(&mut stream).await, "\"0\"");
        for i in 1..10 {
            sender.send(i.to_string()).await.unwrap();
            assert_eq!(next(&mut stream).await, format!("\"{i}\""));
        }
        drop(sender);
        assert_eq!(next(&mut stream).await, "\"bye\"");
        assert_eq!(next(&mut stream).await, "");
    }
}

#[tokio::test]
async fn an_error_comes_after_what_was_sent_before_it() {
    for place in [Place::Here, Place::Spawned] {
        for sent in 0..4 {
            let fail = server_stream(
                "Test.It",
                place,
                &nothing(),
                move |_, _, (): (), mut sender: Sender<String>| async move {
                    for i in 0..sent {
                        sender.send(i.to_string()).await?;
                    }
                    Err(Error::aborted("enough"))
                },
            );
            if sent == 0 {
                let error = many(call(fail, Body::Empty)).await.unwrap_err();
                assert_eq!((error.code(), error.id()), (Code::Aborted, "test"), "the call itself fails");
                continue;
            }
            let mut stream = many(call(fail, Body::Empty)).await.unwrap();
            for i in 0..sent {
                assert_eq!(next(&mut stream).await, format!("\"{i}\""));
            }
            assert_eq!(next(&mut stream).await, "!aborted");
            assert_eq!(next(&mut stream).await, "", "nothing comes after an error");
        }
    }
}

#[tokio::test]
async fn trailers_wait_for_the_end_of_the_handler() {
    for fails in [false, true] {
        let living = Arc::new(Living::default());
        let endpoint = server_stream(
            "Test.It",
            Place::Here,
            &living,
            move |living: Arc<Living>, _, (): (), mut sender: Sender<String>| async move {
                let _alive = living.enter();
                sender.send("a".to_owned()).await?;
                sender.finish(trailers("last")).await?;
                tokio::task::yield_now().await;
                if fails { Err(Error::aborted("after all")) } else { Ok(()) }
            },
        );
        let mut stream = many(call(endpoint, Body::Empty)).await.unwrap();
        assert_eq!(next(&mut stream).await, "\"a\"");
        assert_eq!(next(&mut stream).await, if fails { "!aborted" } else { "=last" });
        assert_eq!(living.count(), 0, "the handler was not cut off");
        assert_eq!(next(&mut stream).await, "");
    }
}

#[tokio::test]
async fn trailers_may_be_all_there_is() {
    let endpoint = server_stream(
        "Test.It",
        Place::Here,
        &nothing(),
        |_, _, (): (), sender: Sender<String>| async move { sender.finish(trailers("only")).await },
    );
    let mut stream = many(call(endpoint, Body::Empty)).await.unwrap();
    assert_eq!(next(&mut stream).await, "=only");
    assert_eq!(next(&mut stream).await, "");
}

#[tokio::test]
async fn a_sender_may_outlive_its_handler() {
    let gate = Arc::new(tokio::sync::Notify::new());
    let endpoint = server_stream(
        "Test.It",
        Place::Here,
        &gate,
        |gate: Arc<tokio::sync::Notify>, _, (): (), mut sender: Sender<String>| async move {
            tokio::spawn(async move {
                sender.send("a".to_owned()).await?;
                gate.notified().await;
                sender.send("b".to_owned()).await?;
                sender.finish(trailers("c")).await
            });
            Ok(())
        },
    );
    let mut stream = many(call(endpoint, Body::Empty)).await.unwrap();
    assert_eq!(next(&mut stream).await, "\"a\"");
    gate.notify_one();
    assert_eq!(next(&mut stream).await, "\"b\"");
    assert_eq!(next(&mut stream).await, "=c");
}

#[tokio::test]
async fn the_failure_of_a_handler_ends_a_sender_that_lives_elsewhere() {
    let held = Arc::new(Mutex::new(None));
    let endpoint = server_stream(
        "Test.It",
        Place::Here,
        &held,
        |held: Arc<Mutex<Option<Sender<String>>>>, _, (): (), sender: Sender<String>| async move {
            *held.lock().unwrap() = Some(sender);
            Err(Error::aborted("x"))
        },
    );
    assert_eq!(many(call(endpoint, Body::Empty)).await.unwrap_err().code(), Code::Aborted);
    let mut sender = held.lock().unwrap().take().unwrap();
    sender.closed().await;
}

#[tokio::test]
async fn dropping_a_call_ends_its_handler() {
    for place in [Place::Here, Place::Spawned] {
        let living = Arc::new(Living::default());
        let endpoint = unary("Test.It", place, &living, |living: Arc<Living>, _, (): ()| async move {
            let _alive = living.enter();
            pending::<Result<()>>().await
        });
        let mut call = call(endpoint, Body::Empty);
        poll_fn(|cx| {
            assert!(Future::poll(std::pin::Pin::new(&mut call), cx).is_pending());
            Poll::Ready(())
        })
        .await;
        living.becomes(1).await;
        drop(call);
        living.becomes(0).await;
    }
}

#[tokio::test]
async fn dropping_a_half_read_stream_ends_its_handler() {
    for place in [Place::Here, Place::Spawned] {
        let living = Arc::new(Living::default());
        let endpoint = server_stream(
            "Test.It",
            place,
            &living,
            |living: Arc<Living>, _, (): (), mut sender: Sender<String>| async move {
                let _alive = living.enter();
                loop {
                    sender.send("a".to_owned()).await?;
                }
            },
        );
        let mut stream = many(call(endpoint, Body::Empty)).await.unwrap();
        assert_eq!(next(&mut stream).await, "\"a\"");
        living.becomes(1).await;
        drop(stream);
        living.becomes(0).await;
    }
}

#[tokio::test]
async fn what_a_handler_left_behind_learns_that_the_call_is_over() {
    for dropped in [false, true] {
        let (told, tell) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let both = Arc::new((told.clone(), tell.clone()));
        let endpoint = unary(
            "Test.It",
            Place::Here,
            &both,
            move |both: Arc<(Arc<_>, Arc<tokio::sync::Notify>)>, context: Context, (): ()| async move {
                let cancelled = context.cancelled();
                let told: Arc<tokio::sync::Notify> = both.0.clone();
                tokio::spawn(async move {
                    cancelled.await;
                    told.notify_one();
                });
                if dropped {
                    both.1.notify_one();
                    pending::<()>().await;
                }
                drop(context);
                Ok(())
            },
        );
        let call = tokio::spawn(call(endpoint, Body::Empty));
        if dropped {
            tell.notified().await;
            call.abort();
        } else {
            call.await.unwrap().unwrap();
        }
        tokio::time::timeout(Duration::from_secs(5), told.notified()).await.expect("the call is over");
    }
}

#[tokio::test]
async fn a_panic_is_an_error() {
    let at_once = unary("Test.It", Place::Here, &nothing(), |_, _, text: String| {
        assert!(text.is_empty(), "the password is hunter2");
        std::future::ready(Ok(text))
    });
    let later = |place| {
        unary("Test.It", place, &nothing(), |_, _, text: String| async move {
            tokio::task::yield_now().await;
            assert!(text.is_empty(), "the password is {}", "hunter2");
            Ok(text)
        })
    };
    let odd = unary("Test.It", Place::Here, &nothing(), |_, _, text: String| async move {
        if !text.is_empty() {
            std::panic::panic_any(7_u8);
        }
        Ok(text)
    });
    for endpoint in [at_once, later(Place::Here), later(Place::Spawned), odd] {
        let error = one(call(endpoint.clone(), json("\"x\""))).await.unwrap_err();
        assert_eq!((error.code(), error.detail()), (Code::Internal, "internal error"));
        assert_eq!(error.id().len(), 16, "the name under which the log has it: {}", error.id());
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("panic"));
        assert!(!error.to_string().contains("hunter2"));
        assert_eq!(one(call(endpoint, json("\"\""))).await.unwrap(), "\"\"", "the next call is answered");
    }
}

#[tokio::test]
async fn a_panic_in_a_stream_comes_after_what_was_sent() {
    let endpoint = server_stream(
        "Test.It",
        Place::Here,
        &nothing(),
        |_, _, (): (), mut sender: Sender<String>| async move {
            sender.send("a".to_owned()).await?;
            panic!("at the disco");
        },
    );
    let mut stream = many(call(endpoint, Body::Empty)).await.unwrap();
    assert_eq!(next(&mut stream).await, "\"a\"");
    assert_eq!(next(&mut stream).await, "!internal");
    assert_eq!(next(&mut stream).await, "");
}
